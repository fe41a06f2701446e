{{ replaces('channel_id') }}

{%- set window = load_window() %}

with

batch as (

    select * from {{ ref('int_batch') }} where {{ in_window('load_seq', window) }}

),

channel as (

    select * from {{ ref('stg_tv__channel') }} where {{ arrived_in('arrival_date', ['channel_metadata'], window) }}

),

-- what logs and revenue files say of a channel that no metadata describes
mention as (

    select channel_id, channel_name, arrived_at, batch_id, source_row
    from {{ ref('stg_tv__viewership_log') }}
    where {{ arrived_in('arrival_date', ['viewership_logs'], window) }}
    union all
    select channel_id, channel_name, arrived_at, batch_id, source_row
    from {{ ref('stg_tv__ad_revenue') }}
    where {{ arrived_in('arrival_date', ['ad_revenue'], window) }}

),

registered_mention as (

    select
        mention.channel_id,
        mention.channel_name,
        {{ version_origin('mention') }}
    from mention
    inner join batch on mention.batch_id = batch.batch_id

),

named as (

    select channel_id, _load_seq from registered_mention
    union all
    select channel_id, _load_seq
    from {{ ref('int_player_event') }}
    where channel_id is not null and {{ in_window('_load_seq', window) }}

),

version as (

    select
        channel.channel_id,
        channel.channel_name,
        channel.genre,
        channel.language,
        channel.launch_year,
        true as is_known,
        {{ version_origin('channel') }}
    from channel
    inner join batch on channel.batch_id = batch.batch_id
    union all
    select
        channel_id,
        channel_name,
        cast(null as {{ dbt.type_string() }}) as genre,
        cast(null as {{ dbt.type_string() }}) as language,
        cast(null as bigint) as launch_year,
        false as is_known,
        _arrived_at,
        _batch_id,
        _source_row,
        _load_seq
    from registered_mention
    where channel_name is not null
    union all
    select
        channel_id,
        channel_id as channel_name,
        cast(null as {{ dbt.type_string() }}) as genre,
        cast(null as {{ dbt.type_string() }}) as language,
        cast(null as bigint) as launch_year,
        false as is_known,
        {{ unarrived_origin() }},
        max(_load_seq) as _load_seq
    from named
    group by channel_id
    union all
    select
        'not_applicable' as channel_id,
        'Not applicable' as channel_name,
        cast(null as {{ dbt.type_string() }}) as genre,
        cast(null as {{ dbt.type_string() }}) as language,
        cast(null as bigint) as launch_year,
        false as is_known,
        {{ unarrived_origin() }},
        cast(0 as bigint) as _load_seq

),

final as (

    {{ keep_newest(
        'version', 'channel_id', ['channel_name', 'genre', 'language', 'launch_year', 'is_known'], first='is_known'
    ) }}

)

select * from final
