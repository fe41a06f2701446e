{{ replaces('account_id') }}

{%- set window = load_window() %}

with

batch as (

    select * from {{ ref('int_batch') }} where {{ in_window('load_seq', window) }}

),

demographic as (

    select * from {{ ref('stg_tv__demographic') }} where {{ arrived_in('arrival_date', ['demographics'], window) }}

),

music_user as (

    select * from {{ ref('stg_music__user') }} where {{ arrived_in('arrival_date', ['users'], window) }}

),

event as (

    select account_id, _load_seq from {{ ref('int_playback_event') }} where {{ in_window('_load_seq', window) }}
    union all
    select coalesce(account_id, 'player:anonymous') as account_id, _load_seq
    from {{ ref('int_player_event') }}
    where {{ in_window('_load_seq', window) }}

),

version as (

    select
        demographic.account_id,
        'tv' as source,
        demographic.gender,
        demographic.age_group,
        cast(null as {{ dbt.type_string() }}) as country,
        demographic.region,
        demographic.subscription_plan,
        cast(null as {{ timestamp_type() }}) as registered_at,
        true as is_known,
        {{ version_origin('demographic') }}
    from demographic
    inner join batch on demographic.batch_id = batch.batch_id
    union all
    select
        music_user.account_id,
        'music' as source,
        cast(null as {{ dbt.type_string() }}) as gender,
        music_user.age_group,
        music_user.country,
        cast(null as {{ dbt.type_string() }}) as region,
        cast(null as {{ dbt.type_string() }}) as subscription_plan,
        music_user.registered_at,
        true as is_known,
        {{ version_origin('music_user') }}
    from music_user
    inner join batch on music_user.batch_id = batch.batch_id
    union all
    -- an account that so far only its events know
    select
        account_id,
        split_part(account_id, ':', 1) as source,
        cast(null as {{ dbt.type_string() }}) as gender,
        cast(null as {{ dbt.type_string() }}) as age_group,
        cast(null as {{ dbt.type_string() }}) as country,
        cast(null as {{ dbt.type_string() }}) as region,
        cast(null as {{ dbt.type_string() }}) as subscription_plan,
        cast(null as {{ timestamp_type() }}) as registered_at,
        false as is_known,
        {{ unarrived_origin() }},
        max(_load_seq) as _load_seq
    from event
    group by account_id

),

final as (

    {{ keep_newest('version', 'account_id', [
        'source', 'gender', 'age_group', 'country', 'region', 'subscription_plan', 'registered_at', 'is_known'
    ]) }}

)

select * from final
