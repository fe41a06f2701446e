{{ replaces('event_date', topic='quality') }}

{%- set touched = touched_dates('quality') %}
{%- set late_after_ms = var('late_after_hours') * 3600000 %}
{%- set events = {
    'viewership_logs': (ref('stg_tv__viewership_log'), 'started_at'),
    'streams': (ref('stg_music__stream'), 'started_at'),
    'player_events': (ref('stg_player__event'), 'event_at'),
} %}
{%- set flags = {
    'longer_than_content': 'playing_ms > content_duration_ms',
    'imputed_length': 'is_imputed',
    'without_session_start': 'is_without_session_start',
    'after_session_end': 'is_after_session_end',
    'position_jump': 'is_position_jump',
    'stop_after_complete': 'is_stop_after_complete',
} %}

with

manifest as (

    select * from {{ source('raw', 'batch') }}

),

batch as (

    select
        manifest.*,
        cast(registered.arrived_at as date) as event_date
    from manifest
    inner join {{ ref('int_batch') }} as registered on manifest.batch_id = registered.batch_id
    where {{ within('cast(registered.arrived_at as date)', touched) }} and registered.load_seq <= {{ touched.to }}

),

playback as (

    select * from {{ ref('fct_playback') }} where {{ within('event_date', touched) }}

),

-- of each input only the two instants are read, of the days of arrival in question
late as (
    {% for input, (relation, instant) in events.items() %}
    select batch_id, count(*) as row_count
    from {{ relation }}
    where
        {{ within('arrival_date', touched) }}
        and arrived_at > {{ add_ms(instant, late_after_ms) }}
    group by batch_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

arrived as (
    {% for metric in ['read', 'accepted', 'duplicate', 'quarantined'] %}
    select event_date, input, '{{ metric }}' as metric, rows_{{ metric }} as row_count from batch
    union all
    {%- endfor %}
    select batch.event_date, batch.input, 'late' as metric, late.row_count
    from batch
    inner join late on batch.batch_id = late.batch_id

),

flagged as (
    {% for name, condition in flags.items() %}
    select
        event_date,
        case source when 'tv' then 'viewership_logs' when 'music' then 'streams' else 'player_events' end
            as input, -- noqa: RF04
        'flag_{{ name }}' as metric,
        case when {{ condition }} then 1 else 0 end as row_count
    from playback
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

counted as (

    select event_date, input, metric, row_count from arrived
    union all
    select event_date, input, metric, row_count from flagged

),

final as (

    select
        event_date,
        input,
        metric,
        {{ sum_of('row_count') }} as row_count
    from counted
    group by event_date, input, metric
    having sum(row_count) > 0

)

select * from final
