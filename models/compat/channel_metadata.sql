with

channel as (

    select * from {{ ref('dim_channel') }} where is_known

),

final as (

    select
        channel_id,
        channel_name,
        genre,
        language,
        cast(launch_year as integer) as launch_year
    from channel

)

select * from final
