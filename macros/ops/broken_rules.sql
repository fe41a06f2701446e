{#
  One pass over the relation counts, for each named condition, the rows of which it is not true, and the keys that repeat.
  Returns a row per broken rule; a test passes when there is none. One such query costs less than half of as many tests.
#}
{% macro broken_rules(relation, conditions, unique_key=[]) %}
counted as (

    select
        {% for condition in conditions.values() -%}
        sum(case when {{ condition }} then 0 else 1 end) as broken_{{ loop.index }},
        {% endfor -%}
        count(*) as all_rows
    from {{ relation }}

)
{% if unique_key %}
, repeated as (

    select count(*) as keys
    from (select 1 as one from {{ relation }} group by {{ unique_key | join(', ') }} having count(*) > 1) as twice

)
{% endif %}
{% for name in conditions -%}
select '{{ name | replace("'", "''") }}' as broken_rule, broken_{{ loop.index }} as failing_rows from counted where broken_{{ loop.index }} > 0
{{ 'union all' if not loop.last or unique_key }}
{% endfor -%}
{% if unique_key -%}
select 'unique: {{ unique_key | join(", ") }}' as broken_rule, keys as failing_rows from repeated where keys > 0
{%- endif %}
{% endmacro %}
