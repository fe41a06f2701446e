{# True where a model may ask the warehouse while it compiles; false while dbt parses and under --no-introspect. #}
{% macro introspects() -%}
    {{ return(execute and flags.INTROSPECT) }}
{%- endmacro %}
