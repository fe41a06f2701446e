with

playback as (

    select * from {{ ref('fct_playback') }} where is_started

),

{{ recent('playback', 30) }},

content as (

    select content_id, title, content_type, genres from {{ ref('dim_content') }}

),

watched as (

    select
        content_id,
        {{ measures(['plays', 'complete_plays', 'unique_accounts', 'playing_ms']) }}
    from recent
    group by content_id

),

final as (

    select
        watched.content_id,
        content.title as content_title,
        content.content_type,
        content.genres as content_genre,
        watched.plays as total_views,
        watched.unique_accounts as unique_viewers,
        {{ ratio('watched.playing_ms', 60000) }} as total_watch_time_minutes,
        {{ ratio('watched.complete_plays', 'watched.plays') }} as completion_rate,
        row_number() over (
            order by watched.plays desc, watched.unique_accounts desc, content.title asc, watched.content_id asc
        ) as views_rank,
        row_number() over (
            order by watched.playing_ms desc, watched.plays desc, content.title asc, watched.content_id asc
        ) as watch_time_rank
    from watched
    left join content on watched.content_id = content.content_id

)

select * from final
