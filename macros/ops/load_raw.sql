{#
  Brings the batches of the raw zone within reach of `source('raw', …)`; runs by itself at the start of every build, and alone
  by `dbt run-operation load_raw`. Only batches with a manifest exist, and the manifests' lists say which files are read.
  Each engine has its own loader; one that finds a batch gone which the models still hold stops the run.
#}
{% macro load_raw() %}
    {%- if execute and flags.WHICH not in ('parse', 'compile', 'show', 'generate') -%}
        {%- do check_environment() -%}
        {%- do claim_build() -%}
        {%- if flags.WHICH == 'run-operation' or reads_raw(selected_resources) -%}
            {%- do adapter.dispatch('load_raw', 'media_stream_analytics')() -%}
        {%- endif -%}
        {%- do refuse_withdrawn() -%}
    {%- endif -%}
{% endmacro %}

{# DuckDB: a ledger of the manifests seen, and one view per input over exactly the files that they list. #}
{% macro duckdb__load_raw() %}
    {%- set batch = source('raw', 'batch') -%}
    {%- set root = env_var('MEDIA_RAW', env_var('MEDIA_HOME', '.media')).rstrip('/') -%}
    {%- do run_query('create schema if not exists ' ~ batch.database ~ '.' ~ batch.schema) -%}
    {%- set ledger = batch.incorporate(path={'identifier': 'manifest'}) -%}
    {%- do run_query(raw_ledger_ddl(ledger)) -%}
    {%- set listed = "select parse_filename(file, true) as batch_id, file from glob('" ~ root ~ "/processing-metadata/*/*.json')" -%}
    {%- set fresh = run_query("select file from (" ~ listed ~ ") as listed where batch_id not in (select batch_id from " ~ ledger ~ ") order by file").columns[0].values() | list -%}
    {%- set gone = run_query("select batch_id from " ~ ledger ~ " where batch_id not in (select batch_id from (" ~ listed ~ "))").columns[0].values() | list -%}
    {%- if gone %}{% do run_query("delete from " ~ ledger ~ " where batch_id in ('" ~ gone | join("', '") ~ "')") %}{% endif -%}
    {%- if fresh %}{% do run_query(raw_ledger_insert(ledger, fresh)) %}{% endif -%}
    {%- do run_query('create or replace view ' ~ batch ~ ' as select batch_id, input, arrived_at, rows_read, rows_accepted, rows_duplicate, rows_quarantined, mapping, replay_of from ' ~ ledger) -%}
    {%- for node in graph.sources.values() if node.source_name == 'raw' and node.name != 'batch' -%}
        {%- do run_query(raw_view(ledger, root, node)) -%}
    {%- endfor -%}
{% endmacro %}

{% macro raw_ledger_ddl(ledger) %}
    create table if not exists {{ ledger }} (
        batch_id varchar, input varchar, arrived_at timestamp, rows_read bigint, rows_accepted bigint, rows_duplicate bigint,
        rows_quarantined bigint, mapping varchar, replay_of varchar, files varchar[], columns varchar[]
    )
{% endmacro %}

{% macro raw_ledger_insert(ledger, files) %}
    insert into {{ ledger }}
    select
        batch_id, input, arrived_at, rows_read, rows_accepted, rows_duplicate, rows_quarantined, mapping, replay_of, files, columns
    from read_json(['{{ files | join("', '") }}'], format = 'newline_delimited', columns = {
        batch_id: 'varchar', input: 'varchar', arrived_at: 'timestamp', rows_read: 'bigint', rows_accepted: 'bigint',
        rows_duplicate: 'bigint', rows_quarantined: 'bigint', mapping: 'varchar', replay_of: 'varchar', files: 'varchar[]',
        columns: 'varchar[]'
    })
{% endmacro %}

{# A typed empty relation first, so that an input that never arrived has its columns and a file older than a column reads as null. #}
{% macro raw_view(ledger, root, node) -%}
    {%- set groups = run_query("select string_agg('''" ~ root ~ "/' || file || '''', ', ' order by file) from (select columns, unnest(files) as file from "
        ~ ledger ~ " where input = '" ~ node.name ~ "') as listed group by columns").columns[0].values() -%}
    create or replace view {{ source('raw', node.name) }} as
    select
        {% for c in node.columns.values() %}cast(null as {{ raw_type(c.data_type) }}) as {{ c.name }}{{ ',' if not loop.last }}
        {% endfor %}
    where 1 = 0
    {% for files in groups %}
    union all by name
    select * from read_parquet([{{ files }}], hive_partitioning = true, hive_types = {'arrival_date': date})
    {% endfor %}
{%- endmacro %}

{% macro raw_type(data_type) %}{{ return('varchar' if data_type == 'string' else data_type) }}{% endmacro %}
