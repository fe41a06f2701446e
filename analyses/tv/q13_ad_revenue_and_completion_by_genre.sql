with

playback as (

    select * from {{ ref('fct_playback') }} where source = 'tv'

),

final as (

    select
        coalesce(genre, 'unknown') as watched_genre,
        {{ count_if('is_started') }} as plays,
        {{ sum_of('playing_ms') }} as playing_ms,
        {{ sum_of('ad_revenue_amount', 'decimal(18, 4)') }} as ad_revenue_amount,
        {{ ratio(sum_of('ad_revenue_amount', 'decimal(18, 4)') ~ ' * 3600000', sum_of('playing_ms')) }}
            as ad_revenue_per_hour_amount,
        {{ ratio(
            sum_of('case when is_started then reported_completion_rate end', 'decimal(18, 6)'),
            'count(case when is_started then reported_completion_rate end)'
        ) }} as average_completion_rate
    from playback
    group by coalesce(genre, 'unknown')

)

select * from final
order by ad_revenue_amount desc, watched_genre asc
