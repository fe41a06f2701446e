with

playback as (

    select * from {{ ref('fct_playback') }} where source = 'tv' and is_started

),

genre_region as (

    select
        region,
        coalesce(genre, 'unknown') as watched_genre,
        {{ sum_of('playing_ms') }} as playing_ms,
        count(*) as plays,
        count(distinct account_id) as unique_accounts
    from playback
    group by region, coalesce(genre, 'unknown')

),

final as (

    select
        region,
        row_number() over (partition by region order by playing_ms desc, plays desc, watched_genre asc) as place,
        watched_genre as genre,
        playing_ms,
        plays,
        unique_accounts
    from genre_region

)

select * from final
order by region, place
