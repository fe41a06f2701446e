{{ replaces(['event_date', 'channel_id']) }}

{%- set window = load_window() %}
{%- set relations = {'ad_revenue': ref('stg_tv__ad_revenue')} %}

with

batch as (

    select * from {{ ref('int_batch') }} where {{ in_window('load_seq', window) }}

),

ad_revenue as (

    select * from {{ ref('stg_tv__ad_revenue') }} where {{ arrived_in('arrival_date', ['ad_revenue'], window) }}

),

version as (

    select
        ad_revenue.event_date,
        ad_revenue.channel_id,
        ad_revenue.ad_revenue_amount,
        ad_revenue.currency,
        {{ version_origin('ad_revenue') }}
    from ad_revenue
    inner join batch on ad_revenue.batch_id = batch.batch_id

),

final as (

    {{ keep_newest(
        'version', ['event_date', 'channel_id'], ['ad_revenue_amount', 'currency'], incoming_dates(relations, window)
    ) }}

)

select * from final
