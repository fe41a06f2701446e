with

{{ clickstream() }},

final as (

    select
        {{ bare_id('account_id') }} as user_id,
        profile_id,
        {{ bare_id('content_id') }} as content_id,
        {{ bare_id('content_id') }} as title_id,
        published_type as event_type,
        cast(epoch_second as bigint) as event_ts,
        event_at as event_timestamp,
        event_date,
        lower(trim(device)) as device_type,
        country
    from named

)

select * from final
