{# Why: numbers builds by when they started, in microseconds since 1970; of two on one warehouse the greater takes over. #}
{% macro build_number() %}{{ return((run_started_at.timestamp() * 1000000) | int) }}{% endmacro %}
