{#
  Without a connection the variable `assume_incremental` chooses the branch, so that both compile with no account. A unit test
  takes the full branch unless it overrides this macro, and so does `dbt show`: what it shows is the model, not today's news.
#}
{% macro is_incremental() %}
    {%- if model.resource_type == 'unit_test' or flags.WHICH == 'show' -%}{{ return(false) }}{%- endif -%}
    {%- if execute and not flags.INTROSPECT -%}{{ return(var('assume_incremental') | as_bool) }}{%- endif -%}
    {{ return(dbt.is_incremental()) }}
{% endmacro %}
