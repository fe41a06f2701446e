{#
  CTE `playback_genre`: each playback of the relation once per genre, with a weight that sums to one per playback. A playback's
  own genre wins; else its content's genres share it; else it is unknown.
  Trap: the catalogue is joined on a key that is null where it does not count, because a condition on one side alone makes
  DuckDB compare every pair.
#}
{% macro playback_genre(relation) -%}
catalogue_key as (

    select
        {{ relation }}.*,
        case when genre is null then content_id end as catalogue_content_id
    from {{ relation }}

),

playback_genre as (

    select
        catalogue_key.*,
        coalesce(catalogue_key.genre, catalogue.genre, 'unknown') as credited_genre,
        coalesce(catalogue.weight, 1) as weight
    from catalogue_key
    left join {{ ref('bridge_content_genre') }} as catalogue on catalogue_key.catalogue_content_id = catalogue.content_id

)
{%- endmacro %}
