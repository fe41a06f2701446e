{# Pre-hook of int_batch: in the full refresh after a withdrawal all standing batches are registered anew. #}
{% macro forget_batches() %}
    {%- if introspects() and flags.FULL_REFRESH and is_incremental() and withdrawn_batches() -%}delete from {{ this }}{%- endif -%}
{% endmacro %}
