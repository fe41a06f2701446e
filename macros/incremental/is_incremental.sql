{# Without a connection the variable `assume_incremental` chooses the branch, so that both compile with no account. #}
{% macro is_incremental() %}
    {%- if execute and not flags.INTROSPECT -%}{{ return(var('assume_incremental') | as_bool) }}{%- endif -%}
    {{ return(dbt.is_incremental()) }}
{% endmacro %}
