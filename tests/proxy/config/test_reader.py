"""LiteLLM's config.yaml into a configuration, or into every complaint with its line."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent
from typing import Any

import pytest

from aiollm.providers.environment import Environment
from aiollm.proxy.config import ConfigError, Reading, parse_config
from aiollm.proxy.config.reader import Source
from aiollm.types.secret import Secret

CANARY = "sk-canary-5f1c"

DOCUMENTED = """
    environment_variables:
      TEAM_KEY: sk-team-key
    model_list:
      - model_name: gpt-4o
        litellm_params:
          model: openai/gpt-4o
          api_key: os.environ/OPENAI_KEY
          api_base: https://one.example/v1
          rpm: 60
          tpm: 100000
          weight: 2
          order: 1
          timeout: 600
          stream_timeout: 60
          max_retries: 2
          max_parallel_requests: 10
          tags: [paid]
          input_cost_per_token: 0.000001
          temperature: 0.2
          top_k: 4
        model_info: {id: one, mode: chat, base_model: gpt-4o, access_groups: [staff]}
      - model_name: gpt-4o
        litellm_params: {model: azure/mine, litellm_credential_name: azure, api_version: "2024-10-21"}
      - model_name: claude
        litellm_params: {model: bedrock/anthropic.claude-x, aws_region_name: eu-west-1}
      - model_name: "openai/*"
        litellm_params: {model: "openai/*", api_key: os.environ/TEAM_KEY}
      - model_name: "*"
        litellm_params: {model: "*"}
    credential_list:
      - credential_name: azure
        credential_values: {api_key: os.environ/OPENAI_KEY, api_base: https://two.example}
        credential_info: {}
    litellm_settings:
      drop_params: true
      num_retries: 3
      request_timeout: 600
      callbacks: [prometheus]
      success_callback: prometheus
      cache: true
      cache_params: {type: redis, host: h, port: os.environ/PORT, ttl: 600, supported_call_types: [acompletion]}
      fallbacks: [{gpt-4o: [claude]}, {"*": [gpt-4o]}]
      require_auth_for_metrics_endpoint: os.environ/AUTH
      set_verbose: true
    router_settings:
      routing_strategy: latency-based-routing
      retry_policy: {RateLimitErrorRetries: 3}
      model_group_alias: {gpt-4: gpt-4o}
      cooldown_time: 5
      allowed_fails: 3
      redis_password: os.environ/OPENAI_KEY
    general_settings:
      master_key: os.environ/MASTER
      database_url: postgresql://u:p@h/db
      max_parallel_requests: 100
      proxy_batch_write_at: 60
      maximum_spend_logs_retention_period: 7d
"""
VARIABLES = {"OPENAI_KEY": CANARY, "PORT": "6379", "AUTH": "false", "MASTER": " sk-master \n"}


def read(text: str, variables: Mapping[str, str] = VARIABLES, **others: str) -> Reading:
    sources = [Source("config.yaml", dedent(text)), *(Source(name, dedent(more)) for name, more in others.items())]
    return parse_config(sources, Environment(variables))


def complaints(text: str, **others: str) -> list[str]:
    return [str(problem) for problem in read(text, **others).problems]


def one(text: str, **others: str) -> str:
    (complaint,) = complaints(text, **others)
    return complaint


def model(line: str) -> str:
    return f"model_list:\n- model_name: m\n  litellm_params:\n    model: openai/m\n    {line}\n"


def test_the_documented_keys_are_honoured_without_a_complaint() -> None:
    reading = read(DOCUMENTED)
    assert reading.problems == ()
    config = reading.require()
    assert config.groups == ("gpt-4o", "claude", "openai/*", "*")
    assert config.litellm.callbacks == ("prometheus",)
    assert config.litellm.success_callback == ("prometheus",)
    assert config.litellm.fallbacks == {"gpt-4o": ("claude",), "*": ("gpt-4o",)}
    assert config.litellm.cache_params.port == 6379
    assert config.litellm.require_auth_for_metrics_endpoint is False
    assert config.router.retry_policy == {"RateLimitErrorRetries": 3}
    assert config.router.model_group_alias == {"gpt-4": "gpt-4o"}
    assert config.general.master_key == Secret("sk-master")
    assert config.general.maximum_spend_logs_retention_period == 7 * 86_400
    assert config.environment == {"TEAM_KEY": "sk-team-key"}


def test_a_deployment_keeps_apart_what_is_the_routers_and_what_is_sent() -> None:
    params = read(DOCUMENTED).require().deployments[0].params
    assert (params.rpm, params.tpm, params.weight, params.order, params.tags) == (60, 100_000, 2, 1, ("paid",))
    assert params.prices == {"input_cost_per_token": 0.000001}
    assert params.parameters == {"temperature": 0.2, "top_k": 4}
    assert read(DOCUMENTED).require().deployments[2].params.identity == {"aws_region_name": "eu-west-1"}


def test_a_named_credential_fills_in_what_the_deployment_leaves_out() -> None:
    params = read(DOCUMENTED).require().deployments[1].params
    assert (params.api_key, params.api_base) == (Secret(CANARY), "https://two.example")
    assert params.api_version == "2024-10-21"


def test_variables_of_the_file_are_found_before_those_of_the_process() -> None:
    text = "environment_variables: {MASTER: sk-own}\ngeneral_settings: {master_key: os.environ/MASTER}\n"
    assert read(text).require().general.master_key == Secret("sk-own")


def test_an_alias_may_be_hidden() -> None:
    text = "router_settings: {model_group_alias: {a: {model: m, hidden: true}}}\n"
    assert read(text).require().router.model_group_alias == {"a": {"model": "m", "hidden": True}}
    assert "must name its group as `model`" in one("router_settings: {model_group_alias: {a: {hidden: true}}}\n")


def test_no_secret_is_in_any_repr_or_message() -> None:
    faulty = DOCUMENTED.replace("rpm: 60", f"rpm: {CANARY}").replace(
        "port: os.environ/PORT", "port: os.environ/OPENAI_KEY"
    )
    reading = read(faulty)
    assert reading.config is None
    assert CANARY not in repr(reading)
    whole = repr(read(DOCUMENTED))
    assert not [secret for secret in (CANARY, "sk-team-key", "sk-master", "u:p@h") if secret in whole]


WRONG = [
    ("general_settings:\n  master_key: [a]\n", "2: general_settings.master_key: must be text; got a list"),
    (
        "litellm_settings:\n  num_retries: three\n",
        "2: litellm_settings.num_retries: must be a whole number from 0; got text",
    ),
    (
        "litellm_settings:\n  num_retries: 1.5\n",
        "2: litellm_settings.num_retries: must be a whole number from 0; got a number",
    ),
    ("litellm_settings:\n  drop_params: 'yes'\n", "2: litellm_settings.drop_params: must be true or false; got text"),
    ("litellm_settings:\n  request_timeout: 0\n", "must be a number of seconds above 0; got a whole number"),
    ("litellm_settings:\n  budget_duration: 30\n", 'must be a time such as "30s", "5m", "12h", "30d" or "1mo"'),
    ("litellm_settings:\n  budget_exceeded_status_code: 200\n", "must be an HTTP status from 400 to 599"),
    (
        "litellm_settings:\n  fallbacks:\n  - [a]\n",
        "3: litellm_settings.fallbacks: must be a list like [{model: [other",
    ),
    (
        "litellm_settings:\n  cache_params:\n    type: s3\n",
        "3: litellm_settings.cache_params.type: must be one of local, redis",
    ),
    ("litellm_settings: [a]\n", "1: litellm_settings: must be a mapping; got a list"),
    ("router_settings:\n  routing_strategy: least-bussy\n", "(did you mean least-busy?)"),
    (
        "router_settings:\n  retry_policy: {RateLimitRetries: 1}\n",
        "has no member RateLimitRetries (did you mean RateLimit",
    ),
    (
        "general_settings:\n  master_key: os.environ/NOWHERE\n",
        "2: general_settings.master_key: the environment variable NOWHERE",
    ),
    (
        "general_settings:\n  max_parallel_requests: 1\n  max_parallel_requests: 2\n",
        "3: general_settings.max_parallel_requests: is given twice, first on line 2",
    ),
    ("model_list: {a: b}\n", "1: model_list: must be a list; got a mapping"),
    ("model_list:\n- 7\n", "2: model_list[0]: must be a mapping; got a whole number"),
    ("model_list:\n- litellm_params: {model: openai/m}\n", "2: model_list[0].model_name: must be given, as text"),
    ("model_list:\n- model_name: m\n", "2: model_list[0].litellm_params: must be given, as a mapping"),
    (
        "model_list:\n- model_name: m\n  litellm_params: {rpm: 1}\n",
        '3: model_list[0].litellm_params.model: must be given, as "provider/model"',
    ),
    ("model_list:\n- model_name: m\n  litellm_params: {model: opanai/m}\n", "unknown provider 'opanai'"),
    (model("rpm: many"), "5: model_list[0].litellm_params.rpm: must be a whole number from 1; got text"),
    (
        model("apikey: sk-1"),
        "5: model_list[0].litellm_params.apikey: is no parameter that is known (did you mean api_key?)",
    ),
    (model("litellm_credential_name: x"), "names no entry of credential_list"),
    (model("litellm_credential_name: [x]"), "names no entry of credential_list"),
    (model("tpm: 0"), "5: model_list[0].litellm_params.tpm: must be a whole number from 1; got a whole number"),
    (
        "credential_list:\n- credential_name: x\n",
        "2: credential_list[0]: must have a credential_name and credential_values",
    ),
    ("environment_variables: {A: [1]}\n", "1: environment_variables.A: must be text; got a list"),
    ("include: other.yaml\n", "1: include: must be a list of files"),
    ("- a\n", "1: a configuration is a mapping of sections; this is a list"),
    ("general_settings: {a: !!python/object:os.system b}\n", "has the tag tag:yaml.org,2002:python/object:os.system"),
]


@pytest.mark.parametrize(("text", "complaint"), WRONG)
def test_a_wrong_value_is_refused_with_its_line_and_what_is_expected(text: str, complaint: str) -> None:
    reading = read(text)
    assert reading.config is None
    assert complaint in "\n".join(map(str, reading.problems))
    with pytest.raises(ConfigError) as caught:
        reading.require()
    assert complaint in str(caught.value)


HARMLESS = [
    (
        "router_settings: {optional_pre_call_checks: [prompt_caching, budget]}\n",
        "1: warning: router_settings.optional_pre_call_checks: has no budget here; it has no effect",
    ),
    (
        "litellm_settings: {callbacks: [prometheus, otel]}\n",
        "1: warning: litellm_settings.callbacks: has no otel here; it has no effect",
    ),
    (
        "general_settings:\n  mastr_key: x\n",
        "2: warning: general_settings.mastr_key: is no setting that is known (did you mean master_key?)",
    ),
    (
        "general_settings:\n  store_model_in_db: true\n",
        "2: warning: general_settings.store_model_in_db: is a setting of LiteLLM's that is not supported here",
    ),
    (
        "guardrails:\n- a\n",
        "2: warning: guardrails: is a section of LiteLLM's that is not supported here; it has no effect",
    ),
    (
        "general_setings: {}\n",
        "1: warning: general_setings: is no section that is known (did you mean general_settings?); it has no effect",
    ),
    (
        model("tpd: 5"),
        "5: warning: model_list[0].litellm_params.tpd: is a parameter of LiteLLM's that is not supported here",
    ),
    (
        "model_list:\n- model_name: m\n  litellm_params: {model: openai/m}\n  extra: 1\n",
        "4: warning: model_list[0].extra: is no member of a deployment; it has model_name, litellm_params, model_info",
    ),
    (
        "general_settings:\n  max_queued_requests_per_worker: 9\n",
        "2: warning: general_settings.max_queued_requests_per_worker: has no effect without max_in_flight_requests_per",
    ),
    (
        "litellm_settings:\n  cache_params:\n    supported_call_types: [arerank]\n",
        "3: warning: litellm_settings.cache_params.supported_call_types: names arerank, which is never kept here",
    ),
    (
        "router_settings:\n  default_fallbacks: [nobody]\n",
        "2: warning: router_settings.default_fallbacks: names nobody, which is no model_name of the model_list",
    ),
]


@pytest.mark.parametrize(("text", "complaint"), HARMLESS)
def test_a_name_without_effect_is_reported_with_its_line(text: str, complaint: str) -> None:
    assert one(text).startswith(f"config.yaml:{complaint}")
    assert read(text).config is not None


def test_settings_that_ask_for_what_is_so_anyway_are_taken_in_silence() -> None:
    assert complaints("litellm_settings: {telemetry: false}\ngeneral_settings: {user_api_key_cache_ttl: 60}\n") == []


def test_a_price_may_be_written_with_an_exponent() -> None:
    for written in ("6e-7", "6e-07", "6.0E-7", "0.0000006"):
        (deployment,) = read(model(f"input_cost_per_token: {written}")).require().deployments
        assert deployment.params.prices == {"input_cost_per_token": 6e-7}
    assert "must be a number from 0; got text" in one(model("input_cost_per_token: e-7"))


def test_an_empty_file_and_null_sections_are_the_defaults() -> None:
    empty = read("").require()
    assert empty.deployments == ()
    assert (
        read("general_settings:\nrouter_settings: {num_retries: null}\nmodel_list:\n").require().general
        == empty.general
    )


def test_a_deployment_that_lacks_a_variable_is_left_out() -> None:
    reading = read(model("api_base: os.environ/NOWHERE") + "- {model_name: n, litellm_params: {model: openai/n}}\n")
    assert reading.require().groups == ("n",)
    assert [str(problem) for problem in reading.problems] == [
        (
            "config.yaml:5: warning: model_list[0].litellm_params.api_base: "
            "the environment variable NOWHERE is not set: this deployment is left out"
        )
    ]


def test_two_deployments_have_no_id_in_common() -> None:
    twice = "- {model_name: m, litellm_params: {model: openai/m}, model_info: {id: x}}\n"
    assert (
        one(f"model_list:\n{twice}{twice}")
        == "config.yaml:3: model_list: has two deployments with the same model_info.id"
    )


def test_included_files_add_to_lists_and_sections_and_the_first_value_stands() -> None:
    reading = read(
        "model_list:\n- {model_name: a, litellm_params: {model: openai/a}}\nrouter_settings: {timeout: 5}\n",
        other="""
            model_list:
            - {model_name: b, litellm_params: {model: openai/b}}
            router_settings: {timeout: 9, num_retries: 1}
            general_settings: {master_key: sk-x}
        """,
    )
    config = reading.require()
    assert config.groups == ("a", "b")
    assert (config.router.timeout, config.router.num_retries) == (5, 1)
    assert config.general.master_key == Secret("sk-x")
    assert [str(problem) for problem in reading.problems] == [
        "other:4: warning: router_settings.timeout: is also set in config.yaml, line 3, which stands"
    ]


def test_the_digest_tells_one_configuration_from_another() -> None:
    digests = {read(text, **more).require().digest for text, more in (("", {}), ("a: 1", {}), ("", {"o": "a: 1"}))}
    assert len(digests) == 3
    assert read("").require().digest == read("").require().digest


def entries(reading: Reading) -> list[Any]:
    return [deployment.params.rpm for deployment in reading.require().deployments]


def test_anchors_and_merges_work_and_the_own_value_comes_before_the_merged_one() -> None:
    text = """
        model_list:
        - {model_name: a, litellm_params: &base {model: openai/a, rpm: 1}}
        - model_name: b
          litellm_params:
            <<: *base
            rpm: 2
    """
    reading = read(text)
    assert reading.problems == ()
    assert entries(reading) == [1, 2]
