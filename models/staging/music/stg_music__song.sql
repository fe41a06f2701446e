with

source as (

    select * from {{ source('raw', 'songs') }}

),

final as (

    select
        -- ids
        'music:' || track_id as content_id,
        track_id,
        -- strings
        track_name,
        artists,
        album_name,
        track_genre as genre,
        -- numerics
        popularity,
        duration_ms,
        -- booleans
        {{ reserved('explicit') }} as is_explicit,
        -- bookkeeping
        {{ origin_columns() }}
    from source

)

select * from final
