{{ replaces('content_id') }}

{%- set window = load_window() %}

with

batch as (

    select * from {{ ref('int_batch') }} where {{ in_window('load_seq', window) }}

),

song as (

    select
        song.*,
        batch.load_seq,
        row_number() over (partition by song.batch_id, song.content_id order by song.source_row desc) as recency
    from {{ ref('stg_music__song') }} as song
    inner join batch on song.batch_id = batch.batch_id
    where {{ arrived_in('song.arrival_date', ['songs'], window) }}

),

title as (

    select * from {{ ref('stg_video__title') }} where {{ arrived_in('arrival_date', ['titles'], window) }}

),

event as (

    select content_id, media_kind, _load_seq
    from {{ ref('int_playback_event') }}
    where {{ in_window('_load_seq', window) }}
    union all
    select content_id, media_kind, _load_seq
    from {{ ref('int_player_event') }}
    where content_id is not null and {{ in_window('_load_seq', window) }}

),

-- a track stands once for each of its genres; all those of one batch count
song_genre as (

    select distinct batch_id, content_id, genre from song

),

song_genres as (

    select
        batch_id,
        content_id,
        {{ dbt.listagg('genre', "';'", 'order by genre') }} as genres
    from song_genre
    group by batch_id, content_id

),

version as (

    select
        song.content_id,
        'track' as media_kind,
        'track' as content_type,
        song.track_name as title,
        song.artists,
        song.album_name,
        song_genres.genres,
        cast(null as {{ dbt.type_string() }}) as language,
        cast(null as {{ dbt.type_string() }}) as rating,
        cast(null as date) as release_date,
        song.duration_ms,
        song.popularity,
        song.is_explicit,
        true as is_known,
        song.arrived_at as _arrived_at,
        song.batch_id as _batch_id,
        song.source_row as _source_row,
        song.load_seq as _load_seq
    from song
    inner join song_genres on song.batch_id = song_genres.batch_id and song.content_id = song_genres.content_id
    where song.recency = 1
    union all
    select
        title.content_id,
        'video' as media_kind,
        title.content_type,
        title.title,
        cast(null as {{ dbt.type_string() }}) as artists,
        cast(null as {{ dbt.type_string() }}) as album_name,
        title.genres,
        title.language,
        title.rating,
        title.release_date,
        title.duration_ms,
        cast(null as bigint) as popularity,
        cast(null as boolean) as is_explicit,
        true as is_known,
        {{ version_origin('title') }}
    from title
    inner join batch on title.batch_id = batch.batch_id
    union all
    -- a television show, or what a player plays and no catalogue holds yet
    select
        content_id,
        media_kind,
        case when media_kind in ('track', 'podcast') then media_kind else 'tv_show' end as content_type,
        substring(content_id, position(':' in content_id) + 1) as title,
        cast(null as {{ dbt.type_string() }}) as artists,
        cast(null as {{ dbt.type_string() }}) as album_name,
        cast(null as {{ dbt.type_string() }}) as genres,
        cast(null as {{ dbt.type_string() }}) as language,
        cast(null as {{ dbt.type_string() }}) as rating,
        cast(null as date) as release_date,
        cast(null as bigint) as duration_ms,
        cast(null as bigint) as popularity,
        cast(null as boolean) as is_explicit,
        false as is_known,
        {{ unarrived_origin() }},
        max(_load_seq) as _load_seq
    from event
    group by content_id, media_kind

),

final as (

    {{ keep_newest('version', 'content_id', [
        'media_kind', 'content_type', 'title', 'artists', 'album_name', 'genres', 'language', 'rating', 'release_date',
        'duration_ms', 'popularity', 'is_explicit', 'is_known'
    ]) }}

)

select * from final
