{#
  CTEs that sweep additive edges: how many are present from each edge to the next. The running sum of changes is exact, and its
  cost is that of sorting the edges, whatever the length of what they bound.
  relation: columns `keys`, `position` (any ordered type) and `net_starts`; leaves a CTE `swept` with keys, position, next_position
  (null after the last edge) and level.
#}
{% macro sweep(relation, keys, position) -%}
{%- set partition = keys | join(', ') -%}
summed_edge as (

    select {{ partition }}, {{ position }}, sum(net_starts) as net_starts
    from {{ relation }}
    group by {{ partition }}, {{ position }}

),

swept as (

    select
        {{ partition }},
        {{ position }},
        lead({{ position }}) over (partition by {{ partition }} order by {{ position }}) as next_{{ position }},
        sum(net_starts) over (partition by {{ partition }} order by {{ position }} rows between unbounded preceding and current row) as level
    from summed_edge

)
{%- endmacro %}
