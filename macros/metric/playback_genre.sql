{#
  CTE `playback_genre`: each playback of the relation once per genre, with a weight that sums to one per playback. A playback's
  own genre wins; else its content's genres share it; else it is unknown.
#}
{% macro playback_genre(relation) -%}
playback_genre as (

    select
        {{ relation }}.*,
        coalesce({{ relation }}.genre, catalogue.genre, 'unknown') as credited_genre,
        case when {{ relation }}.genre is null then coalesce(catalogue.weight, 1) else 1 end as weight
    from {{ relation }}
    left join {{ ref('bridge_content_genre') }} as catalogue
        on {{ relation }}.genre is null and {{ relation }}.content_id = catalogue.content_id

)
{%- endmacro %}
