"""The exit codes of the commands."""

FAILED = 1
MISUSED = 2
INTERRUPTED = 130  # 128 and SIGINT's number, what the shell reports of a program that the signal ends
PIPE_CLOSED = 141  # and SIGPIPE's
