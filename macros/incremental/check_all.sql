{# Checks look at everything under `dbt test`, and in a full refresh. #}
{% macro check_all() %}{{ return(model.resource_type == 'test' and (flags.WHICH == 'test' or flags.FULL_REFRESH)) }}{% endmacro %}
