{{ replaces('event_date', topic='playback') }}

{%- set touched = touched_dates('playback') %}
{%- set values = {
    'startup_ms': 'startup_ms',
    'rebuffer_ppm': div_floor('stall_ms * 1000000', 'nullif(watched_ms, 0)'),
    'stall_count': 'stall_count',
    'bitrate_kbps': div_floor('bitrate_kbit * 1000', 'nullif(bitrate_ms, 0)'),
} %}

with

playback as (

    select *
    from {{ ref('fct_playback') }}
    where watched_ms is not null and is_started and {{ within('event_date', touched) }}

),

bucket as (

    select * from {{ ref('histogram_buckets') }}

),

measured as (
    {% for metric, value in values.items() %}
    select
        event_date,
        device_type,
        coalesce(app_version, 'unknown') as app_version,
        country,
        '{{ metric }}' as metric,
        {{ value }} as value,
        playing_ms
    from playback
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

spread as (

    select
        measured.event_date,
        measured.metric,
        bucket.bucket,
        measured.device_type,
        measured.app_version,
        measured.country,
        min(bucket.from_value) as from_value,
        min(bucket.below_value) as below_value,
        cast(count(*) as bigint) as plays,
        {{ sum_of('measured.playing_ms') }} as playing_ms
    from measured
    inner join bucket
        on measured.metric = bucket.metric
            and measured.value >= bucket.from_value
            and (measured.value < bucket.below_value or bucket.below_value is null)
    group by
        measured.event_date,
        measured.metric,
        bucket.bucket,
        measured.device_type,
        measured.app_version,
        measured.country

),

final as (

    select
        *,
        {{ rates(['average_playing_ms']) }}
    from spread

)

select * from final
