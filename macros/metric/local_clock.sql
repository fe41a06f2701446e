{#
  CTE `local_clock`: country, local date and hour of each (region, quarter of an hour) that the relation has. Zones are whole
  quarters apart, so a few thousand conversions serve millions of playbacks: one costs microseconds. UTC where the region is
  in no seed.
#}
{% macro local_clock(relation) -%}
quarter_hour as (

    select
        region,
        quarter_hour,
        min(started_at) as started_at
    from {{ relation }}
    group by region, quarter_hour

),

zoned as (

    select
        quarter_hour.region,
        quarter_hour.quarter_hour,
        zone.country,
        {{ to_local('quarter_hour.started_at', "coalesce(zone.time_zone, 'UTC')") }} as local_started_at
    from quarter_hour
    left join {{ ref('regions') }} as zone on quarter_hour.region = zone.region

),

local_clock as (

    select
        region,
        quarter_hour,
        country,
        cast(local_started_at as date) as local_date,
        cast(extract(hour from local_started_at) as bigint) as local_hour
    from zoned

)
{%- endmacro %}
