with

source as (

    select * from {{ source('raw', 'titles') }}

),

final as (

    select
        -- ids
        'video:' || title_id as content_id,
        creator_id,
        -- strings
        title,
        content_type,
        genres,
        language,
        rating,
        -- numerics
        duration_seconds * 1000 as duration_ms,
        -- dates and timestamps
        release_date,
        -- bookkeeping
        {{ origin_columns() }}
    from source

)

select * from final
