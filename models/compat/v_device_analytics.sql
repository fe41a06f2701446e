with

playback as (

    select * from {{ ref('fct_playback') }} where is_started

),

{{ recent('playback', 30) }},

category as (

    select distinct device_type, device_category from {{ ref('devices') }}

),

final as (

    select
        recent.device_type,
        coalesce(category.device_category, 'Other') as device_category,
        recent.platform,
        {{ measures(['unique_accounts', 'plays', 'complete_plays']) }},
        {{ ratio(sum_of('recent.playing_ms'), 60000) }} as total_watch_time_minutes,
        {{ ratio(count_if('recent.is_complete'), 'count(*)') }} as completion_rate
    from recent
    left join category on recent.device_type = category.device_type
    group by recent.device_type, category.device_category, recent.platform

)

select * from final
