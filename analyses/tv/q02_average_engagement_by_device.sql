with

playback as (

    select * from {{ ref('fct_playback') }} where source = 'tv' and is_started

),

device_total as (

    select
        device_type,
        {{ measures(['plays', 'engagement_score_sum', 'engagement_score_plays']) }}
    from playback
    group by device_type

),

final as (

    select
        device_type,
        plays,
        engagement_score_plays,
        {{ rates(['average_engagement_score']) }}
    from device_total

)

select * from final
order by coalesce(average_engagement_score, -1) desc, device_type asc
