{{ replaces(['event_date', 'event_id']) }}

{%- set window = load_window() %}
{%- set stored = [
    'event_date', 'event_id', 'account_id', 'profile_id', 'session_id', 'content_id', 'media_kind', 'interaction_type', 'device_type',
    'platform', 'country', 'interacted_at'
] %}

with

changed as (

    select * from {{ ref('int_player_event') }} where event_family = 'user' and {{ in_window('_load_seq', window) }}

),

device as (

    select * from {{ ref('devices') }}

),

arrived as (

    select
        changed.event_date,
        changed.event_id,
        changed.account_id,
        changed.profile_id,
        changed.session_id,
        changed.content_id,
        changed.media_kind,
        substring(changed.event_type, 6) as interaction_type,
        coalesce(device.device_type, 'unknown') as device_type,
        coalesce(changed.platform, 'unknown') as platform,
        coalesce(changed.country, 'unknown') as country,
        changed.event_at as interacted_at,
        cast(null as bigint) as known_like_change,
        changed._load_seq
    from changed
    left join device on lower(changed.device) = device.device

),

{% if is_incremental() %}
known as (

    select * from {{ this }}

),

-- the histories that an event joins, and those that it leaves because it was corrected
reached as (

    select account_id, content_id from arrived
    union
    select known.account_id, known.content_id
    from known
    inner join arrived on known.event_date = arrived.event_date and known.event_id = arrived.event_id

),

history as (

    select * from arrived
    union all
    select
        {% for column in stored %}known.{{ column }},
        {% endfor -%}
        known.like_change as known_like_change,
        known._load_seq
    from known
    inner join reached
        on known.account_id = reached.account_id
            and ({{ same_value('known.content_id', 'reached.content_id') }})
    left join arrived on known.event_date = arrived.event_date and known.event_id = arrived.event_id
    where arrived.event_id is null

),
{% else %}
history as (

    select * from arrived

),
{% endif %}

-- a like is a state: it begins with the first like, and a dislike ends it as well
sequenced as (

    select
        *,
        lag(interaction_type) over (
            partition by
                account_id,
                content_id,
                case when interaction_type in ('like', 'unlike', 'dislike') then 1 else 0 end
            order by interacted_at, event_id
        ) as type_before
    from history

),

judged as (

    select
        *,
        cast(case
            when interaction_type = 'like' and coalesce(type_before, '') <> 'like' then 1
            when interaction_type in ('unlike', 'dislike') and type_before = 'like' then -1
            else 0
        end as bigint) as like_change
    from sequenced

),

final as (

    select
        {% for column in stored %}{{ column }},
        {% endfor -%}
        like_change,
        cast(case
            when known_like_change is null or known_like_change = like_change then _load_seq
            else {{ window.to }}
        end as bigint) as _load_seq
    from judged

)

select * from final
