{{ config(tags=['audit', 'tie']) }}

{%- set window = load_window(check=true) %}
{%- set inputs = [
    'viewership_logs', 'demographics', 'ad_revenue', 'channel_metadata', 'streams', 'songs', 'users', 'titles'
] %}

-- read = accepted + duplicate + quarantined, and the engine reads exactly the accepted rows
with

batch as (

    select raw_batch.*
    from {{ source('raw', 'batch') }} as raw_batch
    inner join {{ ref('int_batch') }} as registered on raw_batch.batch_id = registered.batch_id
    where {{ in_window('registered.load_seq', window) }}

),

landed as (

    {% for input in inputs -%}
    select batch_id, count(*) as landed_rows
    from {{ source('raw', input) }}
    where {{ arrived_in('arrival_date', [input], window) }}
    group by batch_id
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    batch.batch_id,
    batch.input,
    batch.rows_read,
    batch.rows_accepted,
    batch.rows_duplicate,
    batch.rows_quarantined,
    landed.landed_rows
from batch
left join landed on batch.batch_id = landed.batch_id
where
    batch.rows_read <> batch.rows_accepted + batch.rows_duplicate + batch.rows_quarantined
    or (batch.rows_accepted <> coalesce(landed.landed_rows, 0) and batch.input <> 'player_events')
