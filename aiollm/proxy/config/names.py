"""Names that LiteLLM 1.110 has and this proxy has not, so that a file that uses them is told so, and not of a slip.

Sources: the fields of its `ConfigGeneralSettings`, `UpdateRouterConfig`, `GenericLiteLLMParams`, the parameters of its
`Router`, and the settings that its documentation of `config.yaml` shows.
"""

from __future__ import annotations

__all__ = ["CALLBACKS", "NEEDLESS", "PRE_CALL_CHECKS", "UNSUPPORTED"]

PRE_CALL_CHECKS = frozenset({"deployment_affinity", "prompt_caching", "session_affinity"})
"""What `optional_pre_call_checks` may name here; LiteLLM has further ones."""

CALLBACKS = frozenset({"prometheus"})
"""What lists of callbacks may name here; its metrics are told at `/metrics` in any case."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


UNSUPPORTED: dict[str, frozenset[str]] = {
    "": _words("""
        agent_list assistant_settings callback_settings files_settings finetune_settings guardrails mcp_aliases
        mcp_servers mcp_tools model_group_settings policies policy_attachments prompts search_tools
        vector_store_registry worker_registry
        """),
    "litellm_settings": _words("""
        add_function_to_prompt add_user_information_to_llm_headers allow_dynamic_callback_disabling
        audit_log_callbacks banned_keywords_list blocked_user_list cost_discount_config cost_margin_config
        custom_prometheus_metadata_labels custom_prometheus_tags custom_provider_map datadog_params
        default_end_user_params default_internal_user_params default_key_generate_params
        default_redis_batch_cache_expiry default_soft_budget default_team_params default_team_settings
        disable_copilot_system_to_assistant
        disable_end_user_cost_tracking disable_end_user_cost_tracking_prometheus_only disable_hf_tokenizer_download
        enable_caching_on_provider_specific_optional_params enable_end_user_cost_tracking_prometheus_only
        enable_json_schema_validation enable_preview_features enable_redis_auth_cache extra_spend_tag_headers
        force_ipv4 forward_traceparent_to_llm_provider guardrails include_cost_in_streaming_usage input_callback
        internal_user_budget_duration json_logs key_generation_settings langfuse_default_tags log_raw_request_response
        max_end_user_budget max_end_user_budget_id max_internal_user_budget max_ui_session_budget max_user_budget
        mcp_aliases mcp_semantic_tool_filter model_alias_map modify_params openai_system_messages_first
        output_parse_pii overwrite_user_with_key_hash post_call_rules pre_call_rules priority_reservation
        priority_reservation_settings prometheus_exclude_labels prometheus_exclude_metrics
        prometheus_initialize_budget_metrics prometheus_latency_buckets prometheus_metrics_config
        public_model_groups public_model_groups_links responses_api_streaming_fallback return_response_headers
        s3_callback_params service_callback ssl_certificate ssl_ecdh_curve ssl_security_level ssl_verify
        standard_logging_payload_excluded_fields store_audit_logs tag_budget_config upperbound_key_generate_params
        use_chat_completions_url_for_anthropic_messages user_url_allowed_hosts user_url_validation
        vector_store_registry
        """),
    "router_settings": _words("""
        alerting_config assistants_config auto_router_capability_limit cache_kwargs cache_responses caching_groups
        content_policy_check custom_routing_strategy deployment_affinity_ttl_seconds enable_health_check_routing
        enable_weighted_failover fallback_on_unsupported_params
        guardrail_list health_check_ignore_transient_errors health_check_staleness_threshold
        ignore_invalid_deployments max_retries model_group_affinity_config plugins provider_budget_config
        router_general_settings routing_groups search_tools session_affinity_repin_on_failover tag_routing_prefix
        weights
        """),
    "general_settings": _words("""
        alert_to_webhook_url alert_types alert_type_config alerting alerting_args alerting_threshold
        allow_client_side_credentials allow_requests_on_db_unavailable allow_user_auth allowed_routes
        background_health_checks completion_model control_plane_url coordination_redis custom_auth
        custom_auth_run_common_checks custom_key_generate custom_key_update custom_sso custom_ui_sso_sign_in_handler
        database_args database_connect_timeout database_connection_timeout database_extra_connection_params
        database_max_idle_connection_lifetime database_socket_timeout database_type default_team_disabled
        disable_custom_api_keys disable_reset_budget enable_jwt_auth enforce_rbac enforce_user_param enforced_params
        fail_closed_budget_enforcement fail_closed_rate_limit_enforcement forward_client_headers_to_llm_api
        forward_openai_org_id health_check_concurrency health_check_details health_check_interval
        infer_model_from_keys key_management_settings key_management_system litellm_jwtauth max_response_size_mb
        maximum_spend_logs_cleanup_cron maximum_spend_logs_retention_interval missing_session_id otel
        pass_through_endpoints pass_through_request_timeout plugins public_routes reject_clientside_metadata_tags
        role_permissions search_tools spend_report_frequency store_model_in_db store_prompts_in_spend_logs
        supported_db_objects token_rate_limit_type tracing trusted_proxy_ranges ui_access_mode use_azure_key_vault
        use_google_kms use_redis_transaction_buffer use_shared_health_check use_x_forwarded_for user_header_mappings
        user_header_name
        """),
    "cache_params": _words("""
        disk_cache_dir gcs_bucket_name gcs_path redis_startup_nodes s3_bucket_name s3_region_name sentinel_nodes
        service_name similarity_threshold ssl ssl_cert_reqs use_cluster valkey_cluster_startup_nodes
        redis_semantic_cache_embedding_model qdrant_semantic_cache_embedding_model qdrant_api_base
        qdrant_collection_name max_connections db
        """),
    "litellm_params": _words("""
        adaptive_router_config adaptive_router_default_model allow_client_keepalive_override budget_duration
        auto_router_config auto_router_config_path auto_router_default_model auto_router_embedding_model
        complexity_router_config complexity_router_default_model configurable_clientside_auth_params
        daily_reset_time default_api_key_rpm_limit default_api_key_tpm_limit itpm keepalive_seconds max_budget
        max_file_size_mb merge_reasoning_content_in_choices otpm quality_router_config quality_router_default_model
        region_name rpd stream_timeout_by_service_tier tag_regex timeout_by_service_tier tpd use_chat_completions_api
        use_in_pass_through use_litellm_proxy
        """),
}
"""A section -> names in it; "" is the file itself."""

NEEDLESS: dict[str, frozenset[str]] = {
    "litellm_settings": _words("""
        aiohttp_trust_env disable_aiohttp_transport disable_streaming_logging drop_unsupported_params
        redact_messages_in_exceptions redact_user_api_key_info safe_memory_mode set_verbose suppress_debug_info
        telemetry turn_off_message_logging use_aiohttp_transport
        """),
    "router_settings": _words("client_ttl debug_level polling_interval set_verbose"),
    "general_settings": _words("""
        allow_unmanaged_response_ids dangerously_permit_weak_or_unset_master_key database_connection_pool_timeout
        database_disable_prepared_statements disable_budget_reservation disable_prisma_schema_update
        disable_master_key_return proxy_config_reload_interval_seconds user_api_key_cache_max_size
        user_api_key_cache_ttl
        """),
}
"""A section -> names that ask for what is so here in any case, or for what there is nothing to ask of."""
