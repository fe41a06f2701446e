with

playback as (

    select * from {{ ref('fct_playback') }} where source = 'tv' and is_started

),

final as (

    select
        device_type,
        count(*) as plays,
        count(engagement_score) as engagement_score_plays,
        {{ ratio(sum_of('engagement_score', 'decimal(18, 4)'), 'count(engagement_score)') }} as average_engagement_score
    from playback
    group by device_type

)

select * from final
order by coalesce(average_engagement_score, -1) desc, device_type asc
