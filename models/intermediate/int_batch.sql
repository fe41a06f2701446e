{{ config(full_refresh=false, incremental_strategy=append_once(), unique_key='batch_id') }}
{{ config(pre_hook=["{{ lock_table(this) }}", "{{ forget_batches() }}"]) }}

-- depends_on: {{ ref('int_progress') }}
with

batch as (

    select * from {{ source('raw', 'batch') }}

),

registered as (

    {% if is_incremental() %}
    select batch_id, load_seq from {{ this }}
    {% else %}
    select cast(null as {{ dbt.type_string() }}) as batch_id, cast(null as bigint) as load_seq
    {% endif %}

),

-- an empty table starts above every number that it can have given before
highest as (

    select coalesce(max(load_seq), {{ (run_started_at.timestamp() * 1000000) | int }}) as load_seq from registered

),

final as (

    select
        batch.batch_id,
        batch.input,
        {{ as_timestamp('batch.arrived_at') }} as arrived_at,
        cast(highest.load_seq + row_number() over (order by batch.arrived_at, batch.batch_id) as bigint) as load_seq
    from batch
    cross join highest
    left join registered on batch.batch_id = registered.batch_id
    where registered.batch_id is null

)

select * from final
