with

playback as (

    select * from {{ ref('fct_playback') }} where is_started and media_kind = 'track'

),

content as (

    select content_id, title, artists, popularity from {{ ref('dim_content') }}

),

{{ playback_genre('playback') }},

genre_total as (

    select
        played.credited_genre as genre,
        cast(count(*) as bigint) as plays,
        {{ ratio(sum_of('played.content_duration_ms'), 'count(played.content_duration_ms)') }}
            as average_track_length_ms,
        {{ ratio(sum_of('content.popularity'), 'count(content.popularity)') }} as popularity_index
    from playback_genre as played
    left join content on played.content_id = content.content_id
    group by played.credited_genre

),

genre_content as (

    select distinct credited_genre as genre, content_id from playback_genre

),

-- greatest catalogue popularity among what was played; ties by title, then id
genre_top as (

    select
        genre_content.genre,
        content.title,
        content.artists,
        row_number() over (
            partition by genre_content.genre
            order by content.popularity desc, content.title asc, content.content_id asc
        ) as place
    from genre_content
    inner join content on genre_content.content_id = content.content_id
    where content.popularity is not null

),

heard as (

    select
        extract(hour from playback.started_at) as hour_of_day,
        playback.account_id,
        playback.content_id,
        content.artists
    from playback
    left join content on playback.content_id = content.content_id

),

hour_total as (

    select
        hour_of_day,
        cast(count(distinct account_id) as bigint) as unique_accounts,
        {{ ratio('count(distinct content_id)', 'count(*)') }} as diversity_rate
    from heard
    group by hour_of_day

),

-- most plays of an artists text as the catalogue writes it; ties by unique accounts, then the text
hour_top as (

    select
        hour_of_day,
        artists,
        row_number() over (
            partition by hour_of_day
            order by count(*) desc, count(distinct account_id) desc, artists asc
        ) as place
    from heard
    where artists is not null
    group by hour_of_day, artists

),

final as (

    select
        'genre' as kpi_type,
        total.genre as group_by,
        total.plays as genre_listen_count,
        cast(total.average_track_length_ms as {{ double_type() }}) as genre_avg_duration,
        cast(total.popularity_index as {{ double_type() }}) as genre_popularity_index,
        genre_top.title as top_track,
        genre_top.artists as top_artist
    from genre_total as total
    left join genre_top on total.genre = genre_top.genre and genre_top.place = 1
    union all
    select
        'hourly' as kpi_type,
        cast(total.hour_of_day as {{ dbt.type_string() }}) as group_by,
        total.unique_accounts as genre_listen_count,
        cast(total.diversity_rate as {{ double_type() }}) as genre_avg_duration,
        cast(null as {{ double_type() }}) as genre_popularity_index,
        cast(null as {{ dbt.type_string() }}) as top_track,
        hour_top.artists as top_artist
    from hour_total as total
    left join hour_top on total.hour_of_day = hour_top.hour_of_day and hour_top.place = 1

)

select * from final
