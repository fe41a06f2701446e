{#
  CTEs that keep each second of content once: of each interval what lies beyond all that the intervals before it have reached.
  relation: columns `keys`, `columns`, from_position_ms and to_position_ms, neither null; leaves a CTE `once` with the same.
#}
{% macro seen_once(relation, keys, columns=[]) -%}
reached as (

    select
        *,
        max(to_position_ms) over (
            partition by {{ keys | join(', ') }}
            order by from_position_ms, to_position_ms
            rows between unbounded preceding and 1 preceding
        ) as reached_ms
    from {{ relation }}

),

once as (

    select
        {{ (keys + columns) | join(', ') }},
        case when reached_ms > from_position_ms then reached_ms else from_position_ms end as from_position_ms,
        to_position_ms
    from reached
    where reached_ms is null or to_position_ms > reached_ms

)
{%- endmacro %}
