with

-- the source itself, because nothing else asks for the audio features
song as (

    select * from {{ source('raw', 'songs') }}

),

-- of the rows that describe one track, the one that counts
winner as (

    select _batch_id, _source_row from {{ ref('dim_content') }} where media_kind = 'track' and is_known

),

final as (

    select
        song.track_id,
        song.artists,
        song.album_name,
        song.track_name,
        song.popularity,
        song.duration_ms,
        song.{{ reserved('explicit') }},
        cast(song.danceability as {{ double_type() }}) as danceability,
        cast(song.energy as {{ double_type() }}) as energy,
        song.musical_key as {{ reserved('key') }},
        cast(song.loudness as {{ double_type() }}) as loudness,
        song.mode,
        cast(song.speechiness as {{ double_type() }}) as speechiness,
        cast(song.acousticness as {{ double_type() }}) as acousticness,
        cast(song.instrumentalness as {{ double_type() }}) as instrumentalness,
        cast(song.liveness as {{ double_type() }}) as liveness,
        cast(song.valence as {{ double_type() }}) as valence,
        cast(song.tempo as {{ double_type() }}) as tempo,
        song.time_signature,
        song.track_genre as genre
    from song
    inner join winner on song.batch_id = winner._batch_id and song.source_row = winner._source_row

)

select * from final
