{#
  Snowflake: COPY from a stage over the raw zone into one table per input (`songs_row`), of which `source('raw', 'songs')` is a
  view. Copied rows, ledger rows and the rows of withdrawn batches change in one transaction, so that a load that is killed
  neither loses nor doubles anything.
  Traps: inserting statements do not wait for each other on Snowflake, so two loads at once would copy the same files; an UPDATE
  of `load_lock` makes the second wait. DDL commits the open transaction, so all of it comes before. COPY skips files that it
  has loaded in the last 64 days; the ledger alone decides here (`force`).
#}
{% macro snowflake__load_raw() %}
    {%- set ledger = source('raw', 'batch').incorporate(path={'identifier': 'manifest'}) -%}
    {%- set stage = raw_stage(ledger) -%}
    {%- do raw_tables(ledger) -%}
    {%- do run_query('begin') -%}
    {%- do run_query('update ' ~ ledger.incorporate(path={'identifier': 'load_lock'}) ~ ' set taken_at = ' ~ as_timestamp('current_timestamp')) -%}
    {%- set known = run_query('select batch_id from ' ~ ledger).columns[0].values() | list -%}
    {%- set listed = raw_manifests(stage, known) -%}
    {%- do forget_gone(ledger, known | reject('in', listed) | list) -%}
    {%- for chunk in listed | reject('in', known) | batch(1000) -%}
        {%- do copy_batches(ledger, stage, chunk, listed) -%}
    {%- endfor -%}
    {%- do run_query('commit') -%}
{% endmacro %}

{# The stage over MEDIA_RAW: one that exists, or one of this session. No secret passes through dbt, whose log would show it. #}
{% macro raw_stage(ledger) %}
    {%- set stage = env_var('SNOWFLAKE_STAGE', '') -%}
    {%- if stage %}{{ return('@' ~ stage) }}{% endif -%}
    {%- set root = env_var('MEDIA_RAW', '') -%}
    {%- if not root.startswith('s3://') -%}
        {{ exceptions.raise_compiler_error("MEDIA_RAW=" ~ root ~ ": Snowflake loads raw from S3. Set MEDIA_RAW=s3://bucket/prefix, or SNOWFLAKE_STAGE to a stage over it.") }}
    {%- endif -%}
    {%- set integration = env_var('SNOWFLAKE_STORAGE_INTEGRATION', '') -%}
    {%- set stage = ledger.incorporate(path={'identifier': 'zone'}) -%}
    {%- do run_query('create schema if not exists ' ~ ledger.without_identifier()) -%}
    {%- do run_query("create or replace temporary stage " ~ stage ~ " url = '" ~ root.rstrip('/') ~ "/'" ~ (' storage_integration = ' ~ integration if integration else '')) -%}
    {{ return('@' ~ stage) }}
{% endmacro %}

{#
  {batch_id: path of its manifest within the stage}; a withdrawn batch's lies one folder deeper, and does not count. A zone with
  nothing at all, where there were batches, is rather a wrong address than an emptied one.
#}
{% macro raw_manifests(stage, known) %}
    {%- set manifests = {} -%}
    {%- set names = run_query('list ' ~ stage ~ '/processing-metadata/').columns[0].values() | list -%}
    {%- if known and not names -%}
        {{ exceptions.raise_compiler_error("No manifest lies under " ~ env_var('MEDIA_RAW', '') ~ "/processing-metadata/ (stage " ~ stage ~ "), but " ~ known | length ~ " batches were loaded before. Check MEDIA_RAW or SNOWFLAKE_STAGE; nothing was changed.") }}
    {%- endif -%}
    {%- for name in names -%}
        {%- set path = name.split('/processing-metadata/')[-1] -%}
        {%- if path.count('/') == 1 and path.endswith('.json') %}{% do manifests.update({path.split('/')[1][:-5]: 'processing-metadata/' ~ path}) %}{% endif -%}
    {%- endfor -%}
    {{ return(manifests) }}
{% endmacro %}

{# Ledger, lock, tables and views, made or brought up to date. One query tells what there is. #}
{% macro raw_tables(ledger) %}
    {%- do run_query('create schema if not exists ' ~ ledger.without_identifier()) -%}
    {%- set have = {} -%}
    {%- for row in run_query("select lower(table_name), lower(column_name) from " ~ ledger.database ~ ".information_schema.columns where table_schema = upper('" ~ ledger.schema ~ "') order by ordinal_position").rows -%}
        {%- do have.setdefault(row[0], []).append(row[1]) -%}
    {%- endfor -%}
    {%- if 'manifest' not in have or 'load_lock' not in have -%}
        {%- do run_query(raw_ledger_table(ledger)) -%}
        {%- do run_query('create transient table if not exists ' ~ ledger.incorporate(path={'identifier': 'load_lock'}) ~ ' as select ' ~ as_timestamp('current_timestamp') ~ ' as taken_at') -%}
    {%- endif -%}
    {%- for node in graph.sources.values() if node.source_name == 'raw' -%}
        {%- set columns = node.columns.values() | rejectattr('name', 'equalto', 'arrival_date') | list -%}
        {%- if node.name != 'batch' %}{% do raw_table(ledger, node.name, columns, have.get(node.name ~ '_row', [])) %}{% endif -%}
        {%- if have.get(node.name, []) != node.columns.keys() | map('lower') | list %}{% do run_query(raw_view_over(ledger, node, columns)) %}{% endif -%}
    {%- endfor -%}
{% endmacro %}

{% macro raw_ledger_table(ledger) %}
    create transient table if not exists {{ ledger }} (
        batch_id varchar, input varchar, arrived_at {{ timestamp_type() }}, rows_read bigint, rows_accepted bigint,
        rows_duplicate bigint, rows_quarantined bigint, mapping varchar, replay_of varchar, files varchar, columns varchar
    )
{% endmacro %}

{# A table or column that is gone although batches brought it was dropped by somebody: that input is loaded anew. #}
{% macro raw_table(ledger, input, columns, have) %}
    {%- set table = ledger.incorporate(path={'identifier': input ~ '_row'}) -%}
    {%- set of_input = " where input = '" ~ input ~ "'" -%}
    {%- set missing = columns | rejectattr('name', 'in', have) | list -%}
    {%- if not have -%}
        {%- do run_query('delete from ' ~ ledger ~ of_input) -%}
        {%- do run_query('create transient table if not exists ' ~ table ~ ' (' ~ column_list(columns) ~ ')') -%}
    {%- elif missing -%}
        {%- set brought = ['batch_id', 'arrived_at', 'source_file', 'source_row', 'extra'] -%}
        {%- for names in run_query('select distinct columns from ' ~ ledger ~ of_input).columns[0].values() %}{% do brought.extend(fromjson(names)) %}{% endfor -%}
        {%- if missing | selectattr('name', 'in', brought) | list -%}
            {%- do log('Columns of ' ~ table ~ ' are gone (' ~ missing | join(', ', attribute='name') ~ '): its batches are loaded anew.', info=true) -%}
            {%- for statement in ('begin', 'delete from ' ~ table, 'delete from ' ~ ledger ~ of_input, 'commit') %}{% do run_query(statement) %}{% endfor -%}
        {%- endif -%}
        {%- do run_query('alter table ' ~ table ~ ' add column ' ~ column_list(missing)) -%}
    {%- endif -%}
{% endmacro %}

{% macro column_list(columns) -%}
    {%- for c in columns -%}{{ c.name }} {{ contract_type(c.data_type) }}{{ ', ' if not loop.last }}{%- endfor -%}
{%- endmacro %}

{% macro raw_view_over(ledger, node, columns) %}
    create or replace view {{ source('raw', node.name) }} as
    select {{ columns | join(', ', attribute='name') }}{{ ', cast(arrived_at as date) as arrival_date' if node.name != 'batch' }}
    from {{ ledger if node.name == 'batch' else ledger.incorporate(path={'identifier': node.name ~ '_row'}) }}
{% endmacro %}

{# Takes out the rows of batches whose manifest is gone. #}
{% macro forget_gone(ledger, gone) %}
    {%- if gone -%}
        {%- set among = " where batch_id in ('" ~ gone | join("', '") ~ "')" -%}
        {%- for input in run_query('select distinct input from ' ~ ledger ~ among).columns[0].values() -%}
            {%- do run_query('delete from ' ~ ledger.incorporate(path={'identifier': input ~ '_row'}) ~ among) -%}
        {%- endfor -%}
        {%- do run_query('delete from ' ~ ledger ~ among) -%}
    {%- endif -%}
{% endmacro %}

{# Ledger rows of at most 1,000 batches, the most files that one COPY takes, and then their data, one COPY per input. #}
{% macro copy_batches(ledger, stage, batch_ids, manifests) %}
    {%- set paths = [] -%}
    {%- for batch_id in batch_ids %}{% do paths.append(manifests[batch_id]) %}{% endfor -%}
    {%- do run_query(copy_manifests(ledger, stage, paths)) -%}
    {%- set files = {} -%}
    {%- for row in run_query("select input, files from " ~ ledger ~ " where batch_id in ('" ~ batch_ids | join("', '") ~ "') order by batch_id").rows -%}
        {%- do files.setdefault(row[0], []).extend(fromjson(row[1])) -%}
    {%- endfor -%}
    {%- for input, of_input in files.items() -%}
        {%- for chunk in of_input | batch(1000) -%}
            {%- do run_query(copy_rows(ledger.incorporate(path={'identifier': input ~ '_row'}), stage, chunk)) -%}
        {%- endfor -%}
    {%- endfor -%}
{% endmacro %}

{% macro copy_manifests(ledger, stage, paths) %}
    copy into {{ ledger }} (
        batch_id, input, arrived_at, rows_read, rows_accepted, rows_duplicate, rows_quarantined, mapping, replay_of, files, columns
    )
    from (
        select
            $1:batch_id::varchar, $1:input::varchar, $1:arrived_at::{{ timestamp_type() }}, $1:rows_read::bigint,
            $1:rows_accepted::bigint, $1:rows_duplicate::bigint, $1:rows_quarantined::bigint, $1:mapping::varchar,
            $1:replay_of::varchar, $1:files::varchar, $1:columns::varchar
        from {{ stage }}
    )
    files = ('{{ paths | join("', '") }}') file_format = (type = json) force = true
{% endmacro %}

{# A column newer than a file stays null; those of the file that the table has not are left out. #}
{% macro copy_rows(table, stage, files) %}
    copy into {{ table }} from {{ stage }}
    files = ('{{ files | join("', '") }}')
    file_format = (type = parquet use_logical_type = true use_vectorized_scanner = true)
    match_by_column_name = case_insensitive force = true
{% endmacro %}
