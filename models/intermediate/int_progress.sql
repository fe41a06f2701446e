{{ config(full_refresh=false, incremental_strategy='append') }}

-- appended to by record_progress and record_checks; a model of its own only so that it exists and is known
select
    cast('' as {{ dbt.type_string() }}) as reader,
    cast(0 as bigint) as load_seq
from (select 1 as one) as one_row
where 1 = 0
