{# dbt makes schemas before it runs the hooks of the start, so the environment is checked here too. #}
{% macro create_schema(relation) %}
    {%- do check_environment() -%}
    {{ return(dbt.create_schema(relation)) }}
{% endmacro %}
