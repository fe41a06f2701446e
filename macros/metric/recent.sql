{#
  CTEs `last_day` and `recent`: the rows of the relation of the last so many days that it has. Not of the wall clock, by which
  a history that was landed late would have no recent days.
#}
{% macro recent(relation, days) -%}
last_day as (

    select max(event_date) as event_date from {{ relation }}

),

recent as (

    select {{ relation }}.*
    from {{ relation }}
    inner join last_day on {{ relation }}.event_date > {{ add_days('last_day.event_date', -days) }}

)
{%- endmacro %}
