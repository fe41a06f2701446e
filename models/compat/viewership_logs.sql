with

log_row as (

    select * from {{ ref('stg_tv__viewership_log') }}

),

-- of the rows that tell of one viewing, the one that counts
winner as (

    select event_date, _batch_id, _source_row from {{ ref('int_playback_event') }} where source = 'tv'

),

final as (

    select
        log_row.session_id,
        {{ bare_id('log_row.account_id') }} as user_id,
        log_row.channel_id,
        log_row.channel_name,
        log_row.show_name,
        log_row.genre,
        substring(cast(log_row.started_at as {{ dbt.type_string() }}), 1, 19) as {{ reserved('timestamp') }},
        cast({{ div_floor('log_row.reported_ms', 60000) }} as integer) as duration_minutes,
        log_row.region,
        log_row.subscription_plan as subscription_type,
        log_row.device,
        log_row.platform,
        case when log_row.is_live then 'True' when not log_row.is_live then 'False' end as is_live,
        cast(log_row.ad_count as integer) as ads_watched,
        cast(log_row.ad_revenue_amount as {{ double_type() }}) as ad_revenue,
        cast(log_row.engagement_score as {{ double_type() }}) as engagement_score,
        cast(log_row.stall_count as integer) as buffer_count,
        cast(log_row.reported_completion_rate * 100 as {{ double_type() }}) as completion_percentage
    from log_row
    inner join winner
        on log_row.event_date = winner.event_date
            and log_row.batch_id = winner._batch_id
            and log_row.source_row = winner._source_row

)

select * from final
