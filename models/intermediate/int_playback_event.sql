{{ replaces(['event_date', 'playback_id']) }}

{%- set window = load_window() %}
{%- set relations = {
    'viewership_logs': ref('stg_tv__viewership_log'),
    'streams': ref('stg_music__stream'),
    'player_events': ref('stg_player__event')
} %}
{%- set columns = [
    'source', 'media_kind', 'session_id', 'account_id', 'content_id', 'channel_id', 'genre', 'region', 'subscription_plan', 'device',
    'platform', 'started_at', 'reported_ms', 'reported_completion_rate', 'engagement_score', 'stall_count', 'ad_count',
    'ad_revenue_amount', 'content_duration_ms', 'is_live'
] %}

with

batch as (

    select * from {{ ref('int_batch') }} where {{ in_window('load_seq', window) }}

),

viewership_log as (

    select *
    from {{ ref('stg_tv__viewership_log') }}
    where {{ arrived_in('arrival_date', ['viewership_logs'], window) }}

),

stream as (

    select * from {{ ref('stg_music__stream') }} where {{ arrived_in('arrival_date', ['streams'], window) }}

),

listen as (

    select *
    from {{ ref('stg_player__event') }}
    where event_family = 'listen' and {{ arrived_in('arrival_date', ['player_events'], window) }}

),

arrived as (

    select
        event_date,
        playback_id,
        'tv' as source,
        'video' as media_kind,
        session_id,
        account_id,
        content_id,
        channel_id,
        genre,
        region,
        subscription_plan,
        device,
        platform,
        started_at,
        reported_ms,
        reported_completion_rate,
        engagement_score,
        stall_count,
        ad_count,
        ad_revenue_amount,
        cast(null as bigint) as content_duration_ms,
        is_live,
        arrived_at,
        batch_id,
        source_row
    from viewership_log
    union all
    select
        event_date,
        playback_id,
        'music' as source,
        'track' as media_kind,
        cast(null as {{ dbt.type_string() }}) as session_id,
        account_id,
        content_id,
        'not_applicable' as channel_id,
        cast(null as {{ dbt.type_string() }}) as genre,
        cast(null as {{ dbt.type_string() }}) as region,
        cast(null as {{ dbt.type_string() }}) as subscription_plan,
        cast(null as {{ dbt.type_string() }}) as device,
        cast(null as {{ dbt.type_string() }}) as platform,
        started_at,
        reported_ms,
        cast(null as decimal(18, 6)) as reported_completion_rate,
        cast(null as decimal(18, 4)) as engagement_score,
        cast(null as bigint) as stall_count,
        cast(null as bigint) as ad_count,
        cast(null as decimal(18, 4)) as ad_revenue_amount,
        cast(null as bigint) as content_duration_ms,
        false as is_live,
        arrived_at,
        batch_id,
        source_row
    from stream
    union all
    select
        event_date,
        event_id as playback_id,
        'player' as source,
        media_kind,
        session_id,
        account_id,
        content_id,
        coalesce(channel_id, 'not_applicable') as channel_id,
        cast(null as {{ dbt.type_string() }}) as genre,
        coalesce(region, country) as region,
        subscription_plan,
        device,
        platform,
        event_at as started_at,
        listened_ms as reported_ms,
        cast(null as decimal(18, 6)) as reported_completion_rate,
        cast(null as decimal(18, 4)) as engagement_score,
        cast(null as bigint) as stall_count,
        cast(null as bigint) as ad_count,
        cast(null as decimal(18, 4)) as ad_revenue_amount,
        content_duration_ms,
        is_live,
        arrived_at,
        batch_id,
        source_row
    from listen

),

version as (

    select
        arrived.*,
        arrived.arrived_at as _arrived_at,
        arrived.batch_id as _batch_id,
        arrived.source_row as _source_row,
        batch.load_seq as _load_seq
    from arrived
    inner join batch on arrived.batch_id = batch.batch_id

),

final as (

    {{ keep_newest('version', ['event_date', 'playback_id'], columns, incoming_dates(relations, window)) }}

)

select * from final
