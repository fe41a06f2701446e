with

playback as (

    select * from {{ ref('fct_playback') }} where source = 'tv'

),

viewed as (

    select
        playback.*,
        coalesce(playback.genre, 'unknown') as watched_genre
    from playback

),

genre_total as (

    select
        watched_genre,
        {{ measures([
            'plays', 'playing_ms', 'ad_revenue_amount', 'reported_completion_rate_sum', 'reported_completion_plays'
        ]) }}
    from viewed
    group by watched_genre

),

final as (

    select
        watched_genre,
        plays,
        playing_ms,
        ad_revenue_amount,
        {{ rates(['ad_revenue_per_hour_amount', 'average_completion_rate']) }}
    from genre_total

)

select * from final
order by ad_revenue_amount desc, watched_genre asc
