{#
  Why: the whole numbers from 0 below a literal count, as a subquery with one column `n`. dbt.date_spine asks the warehouse how
  long it must be while it compiles, so it fails without a connection; generators have another name on every engine, and
  Redshift's runs on the leader node only.
#}
{% macro numbers(count) -%}
    {%- set places = ((count - 1) | string | length) -%}
    (
        select n
        from (
            select {% for place in range(places) %}{{ 10 ** place }} * digit_{{ place }}.n{{ ' + ' if not loop.last }}{% endfor %} as n
            from {% for place in range(places) %}({{ digits() }}) as digit_{{ place }}{{ ' cross join ' if not loop.last }}{% endfor %}
        ) as counted
        where n < {{ count }}
    )
{%- endmacro %}

{% macro digits() -%}
    select 0 as n{% for n in range(1, 10) %} union all select {{ n }}{% endfor %}
{%- endmacro %}
