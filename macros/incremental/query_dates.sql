{# Runs a query of one date column and returns its values as ISO texts; null dates are left out. #}
{% macro query_dates(query) %}
    {%- set dates = [] -%}
    {%- for value in run_query(query).columns[0].values() if value is not none -%}{%- do dates.append((value | string)[:10]) -%}{%- endfor -%}
    {{ return(dates | unique | sort | list) }}
{% endmacro %}
