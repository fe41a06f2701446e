{{ replaces('event_date', topic='playback') }}

{%- set touched = touched_dates('playback') %}

with

playback as (

    select * from {{ ref('fct_playback') }} where is_started and {{ within('event_date', touched) }}

),

content as (

    select content_id, title, artists, popularity from {{ ref('dim_content') }}

),

artist as (

    select content_id, artist from {{ ref('bridge_content_artist') }}

),

{{ playback_genre('playback') }},

credited as (

    select
        played.*,
        content.popularity
    from playback_genre as played
    left join content on played.content_id = content.content_id

),

genre_total as (

    select
        event_date,
        media_kind,
        credited_genre as genre,
        {{ measures(['plays', 'unique_accounts', 'playing_ms', 'track_length_ms', 'track_length_plays']) }},
        {{ sum_of('weight', 'decimal(18, 6)') }} as plays_allocated,
        {{ sum_of('popularity') }} as popularity_sum,
        cast(count(popularity) as bigint) as popularity_plays
    from credited
    group by event_date, media_kind, credited_genre

),

content_total as (

    select
        played.event_date,
        played.media_kind,
        played.credited_genre as genre,
        played.content_id,
        count(*) as plays,
        count(distinct played.account_id) as unique_accounts
    from playback_genre as played
    group by played.event_date, played.media_kind, played.credited_genre, played.content_id

),

content_ranked as (

    select
        counted.*,
        content.title,
        content.artists,
        content.popularity,
        row_number() over (
            partition by counted.event_date, counted.media_kind, counted.genre
            order by counted.plays desc, counted.unique_accounts desc, content.title asc, counted.content_id asc
        ) as place_by_plays,
        row_number() over (
            partition by counted.event_date, counted.media_kind, counted.genre
            order by coalesce(content.popularity, -1) desc, content.title asc, counted.content_id asc
        ) as place_by_popularity
    from content_total as counted
    inner join content on counted.content_id = content.content_id

),

artist_ranked as (

    select
        played.event_date,
        played.media_kind,
        played.credited_genre as genre,
        artist.artist,
        row_number() over (
            partition by played.event_date, played.media_kind, played.credited_genre
            order by count(*) desc, count(distinct played.account_id) desc, artist.artist
        ) as place
    from playback_genre as played
    inner join artist on played.content_id = artist.content_id
    group by played.event_date, played.media_kind, played.credited_genre, artist.artist

),

final as (

    select
        total.*,
        {{ rates([
            'average_playing_ms', 'average_playing_ms_per_account', 'average_track_length_ms',
            'average_track_length_ms_per_account', 'popularity_index'
        ], 'total') }},
        by_plays.content_id as top_content_id,
        by_plays.title as top_content_title,
        artist_ranked.artist as top_artist,
        by_popularity.popularity as top_popularity,
        case when by_popularity.popularity is not null then by_popularity.title end as top_content_title_by_popularity,
        case when by_popularity.popularity is not null then by_popularity.artists end as top_artists_by_popularity
    from genre_total as total
    left join content_ranked as by_plays
        on total.event_date = by_plays.event_date
            and total.media_kind = by_plays.media_kind
            and total.genre = by_plays.genre
            and by_plays.place_by_plays = 1
    left join content_ranked as by_popularity
        on total.event_date = by_popularity.event_date
            and total.media_kind = by_popularity.media_kind
            and total.genre = by_popularity.genre
            and by_popularity.place_by_popularity = 1
    left join artist_ranked
        on total.event_date = artist_ranked.event_date
            and total.media_kind = artist_ranked.media_kind
            and total.genre = artist_ranked.genre
            and artist_ranked.place = 1

)

select * from final
