with

source as (

    select * from {{ source('raw', 'channel_metadata') }}

),

final as (

    select
        -- ids
        channel_id,
        -- strings
        channel_name,
        genre,
        language,
        -- numerics
        launch_year,
        -- bookkeeping
        {{ origin_columns() }}
    from source

)

select * from final
