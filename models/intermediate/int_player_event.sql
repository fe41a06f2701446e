{{ replaces(['event_date', 'event_id']) }}

{%- set window = load_window() %}
{%- set relations = {'player_events': ref('stg_player__event')} %}
{%- set columns = [
    'account_id', 'profile_id', 'session_id', 'playback_id', 'playback_key', 'content_id', 'channel_id',
    'device_id', 'previous_device_id', 'ad_id', 'ad_break_id', 'ad_creative_id', 'ad_campaign_id', 'advertiser_id',
    'event_type', 'event_family', 'media_kind', 'device', 'platform', 'app_version', 'country', 'region', 'content_title',
    'content_type', 'error_code', 'error_class', 'ad_type', 'currency', 'search_query', 'subscription_plan',
    'position_ms', 'content_duration_ms', 'playback_rate', 'seek_from_ms', 'seek_to_ms', 'listened_ms',
    'startup_ms', 'stall_ms', 'bitrate_kbps', 'dropped_frame_count', 'quartile', 'ad_duration_ms',
    'view_duration_ms', 'price_amount', 'app_crash_count', 'network_error_count', 'is_live', 'is_fatal',
    'is_skippable', 'event_at'
] %}

with

batch as (

    select * from {{ ref('int_batch') }} where {{ in_window('load_seq', window) }}

),

event as (

    select * from {{ ref('stg_player__event') }} where {{ arrived_in('arrival_date', ['player_events'], window) }}

),

-- events of one playback: by its id, else by what is played in one session
keyed as (

    select
        *,
        case
            when event_family not in ('video', 'ad') then null
            when event_family = 'ad' and coalesce(playback_id, content_id) is null then null
            when playback_id is not null then 'id|' || playback_id
            else 'of|' || coalesce(account_id, '') || '|' || coalesce(session_id, '') || '|' || coalesce(content_id, '')
        end as playback_key
    from event

),

version as (

    select
        keyed.*,
        {{ version_origin('keyed') }}
    from keyed
    inner join batch on keyed.batch_id = batch.batch_id

),

final as (

    {{ keep_newest('version', ['event_date', 'event_id'], columns, incoming_dates(relations, window)) }}

)

select * from final
