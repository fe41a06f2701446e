{#
  Redshift: native tables filled by COPY, and the ledger rows of batches in the transaction of their rows. Manifests are read by
  COPY too, so the role that Redshift assumes is all that is needed: dbt sees no key, and none can stand in its log.
  Traps: TRUNCATE commits. COPY of Parquet goes by place and wants every column of the file, so each set of columns has a
  temporary table. COPY takes a prefix, a beginning of names: the whole name of a file is one. LOCK comes first in a
  transaction, so that what is read after it is what another build has committed before.
#}
{% macro redshift__load_raw() %}
    {%- set root = env_var('MEDIA_RAW', '').rstrip('/') -%}
    {%- if not root.startswith('s3://') -%}
        {{ exceptions.raise_compiler_error("MEDIA_RAW=" ~ root ~ ": Redshift reads the raw zone from S3; set MEDIA_RAW=s3://bucket/prefix") }}
    {%- endif -%}
    {%- set ledger = source('raw', 'batch').incorporate(path={'identifier': 'manifest'}) -%}
    {%- do redshift_raw_relations(ledger) -%}
    {%- do redshift_list_manifests(ledger, root) -%}
    {%- set groups = run_query("select distinct input, columns from listed_manifest where " ~ redshift_is_new(ledger) ~ " order by input, columns").rows -%}
    {%- for group in groups -%}{%- do redshift_load_group(ledger, root, group[0], group[1]) -%}{%- endfor -%}
{% endmacro %}

{# Relations that are not there yet, and columns that the contract gained; one that was loaded and is gone is an error. #}
{% macro redshift_raw_relations(ledger) %}
    {%- do run_query('create schema if not exists ' ~ ledger.without_identifier().include(database=false)) -%}
    {%- set existing = {} -%}
    {%- for row in run_query("select table_name, column_name from information_schema.columns where table_schema = '" ~ ledger.schema ~ "'").rows -%}
        {%- do existing.setdefault(row[0], []).append(row[1]) -%}
    {%- endfor -%}
    {%- if 'manifest' not in existing -%}
        {%- do run_query('create table ' ~ ledger ~ ' (' ~ redshift_ledger_columns() | join(', ') ~ ', files varchar(65535), columns varchar(65535))') -%}
        {%- do run_query('create view ' ~ source('raw', 'batch') ~ ' as select batch_id, input, arrived_at, rows_read, rows_accepted, rows_duplicate, rows_quarantined, mapping, replay_of from ' ~ ledger) -%}
    {%- endif -%}
    {%- for node in graph.sources.values() if node.source_name == 'raw' and node.name != 'batch' -%}
        {%- set missing = [] -%}
        {%- for name in node.columns if name not in existing.get(node.name, []) %}{% do missing.append(name) %}{% endfor -%}
        {%- if missing %}{% do redshift_add_columns(ledger, node, missing, node.name in existing) %}{% endif -%}
    {%- endfor -%}
{% endmacro %}

{% macro redshift_add_columns(ledger, node, missing, table_exists) %}
    {%- set relation = source('raw', node.name) -%}
    {%- for row in run_query("select batch_id, columns from " ~ ledger ~ " where input = '" ~ node.name ~ "' and rows_accepted > 0").rows -%}
        {%- set gone = fromjson(row[1]) | select('in', missing) | list -%}
        {%- if gone or not table_exists or 'batch_id' in missing -%}
            {{ exceptions.raise_compiler_error(relation ~ " has lost " ~ (gone | join(', ') or 'rows') ~ ", which batch " ~ row[0] ~ " was loaded with: somebody changed the table. To load it again, drop it and run: delete from " ~ ledger ~ " where input = '" ~ node.name ~ "'") }}
        {%- endif -%}
    {%- endfor -%}
    {%- if table_exists -%}
        {%- for name in missing %}{% do run_query('alter table ' ~ relation ~ ' add column ' ~ adapter.quote(name) ~ ' ' ~ contract_type(node.columns[name].data_type)) %}{% endfor -%}
    {%- else -%}
        {%- do run_query('create table ' ~ relation ~ ' (' ~ redshift_columns(node, missing) ~ ') sortkey (arrival_date)') -%}
    {%- endif -%}
{% endmacro %}

{# The live manifests, in the temporary table `listed_manifest`; what the ledger has and the zone has not any more is taken out. #}
{% macro redshift_list_manifests(ledger, root) %}
    {%- call statement('lock_ledger') %}lock table {{ ledger }}{% endcall -%}
    {%- do run_query('drop table if exists landed_manifest') -%}
    {%- do run_query('drop table if exists listed_manifest') -%}
    {%- do run_query('create temp table landed_manifest (' ~ redshift_ledger_columns('varchar(64)') | join(', ') ~ ', files super, columns super, withdrawn boolean)') -%}
    {%- do run_query(redshift_copy('landed_manifest', root ~ '/processing-metadata/', "json 'auto'")) -%}
    {%- set as_stored = redshift_ledger_names() | replace('arrived_at', "cast(replace(replace(arrived_at, 'T', ' '), 'Z', '') as timestamp) as arrived_at") -%}
    {%- do run_query("create temp table listed_manifest as select " ~ as_stored ~ ", json_serialize(files) as files, json_serialize(columns) as columns from landed_manifest where batch_id not in (select batch_id from landed_manifest where withdrawn)") -%}
    {%- set gone = run_query('select batch_id from ' ~ ledger ~ ' where batch_id not in (select batch_id from listed_manifest)').columns[0].values() | list -%}
    {%- if gone -%}
        {%- for node in graph.sources.values() if node.source_name == 'raw' -%}
            {%- set relation = ledger if node.name == 'batch' else source('raw', node.name) -%}
            {%- do run_query("delete from " ~ relation ~ " where batch_id in ('" ~ gone | join("', '") ~ "')") -%}
        {%- endfor -%}
    {%- endif -%}
    {%- do adapter.commit() -%}
{% endmacro %}

{# The new batches of one input whose files have the same columns: their rows and their ledger rows, in one transaction. #}
{% macro redshift_load_group(ledger, root, input, columns) %}
    {%- call statement('lock_ledger') %}lock table {{ ledger }}{% endcall -%}
    {%- set is_of_group = "input = '" ~ input ~ "' and columns = '" ~ columns ~ "' and " ~ redshift_is_new(ledger) -%}
    {%- set files = [] -%}
    {%- for row in run_query('select files from listed_manifest where ' ~ is_of_group ~ ' order by arrived_at, batch_id').rows -%}{%- do files.extend(fromjson(row[0])) -%}{%- endfor -%}
    {%- for node in graph.sources.values() if files and node.source_name == 'raw' and node.name == input -%}
        {%- set names = fromjson(columns) + ['batch_id', 'arrived_at', 'source_file', 'source_row', 'extra'] -%}
        {%- do run_query('drop table if exists landed_row') -%}
        {%- do run_query('create temp table landed_row (' ~ redshift_columns(node, names) ~ ')') -%}
        {%- for file in files %}{% do run_query(redshift_copy('landed_row', root ~ '/' ~ file, 'parquet')) %}{% endfor -%}
        {%- set quoted = '"' ~ names | join('", "') ~ '"' -%}
        {%- do run_query('insert into ' ~ source('raw', input) ~ ' (' ~ quoted ~ ', arrival_date) select ' ~ quoted ~ ', cast(arrived_at as date) from landed_row') -%}
    {%- endfor -%}
    {%- do run_query('insert into ' ~ ledger ~ ' select ' ~ redshift_ledger_names() ~ ', files, columns from listed_manifest where ' ~ is_of_group) -%}
    {%- do adapter.commit() -%}
{% endmacro %}

{% macro redshift_copy(table, address, format) -%}
    {%- set role = env_var('REDSHIFT_COPY_ROLE', 'default') -%}
    copy {{ table }} from '{{ address }}' iam_role {{ role if role == 'default' else "'" ~ role ~ "'" }} format {{ format }}
{%- endmacro %}

{% macro redshift_is_new(ledger) %}{{ return('batch_id not in (select batch_id from ' ~ ledger ~ ')') }}{% endmacro %}

{% macro redshift_ledger_names() %}{{ return('batch_id, input, arrived_at, rows_read, rows_accepted, rows_duplicate, rows_quarantined, mapping, replay_of') }}{% endmacro %}

{% macro redshift_ledger_columns(instant='timestamp') %}
    {{ return(['batch_id varchar(256)', 'input varchar(256)', 'arrived_at ' ~ instant, 'rows_read bigint', 'rows_accepted bigint', 'rows_duplicate bigint', 'rows_quarantined bigint', 'mapping varchar(65535)', 'replay_of varchar(256)']) }}
{% endmacro %}

{% macro redshift_columns(node, names) -%}
    {%- for name in names -%}{{ adapter.quote(name) }} {{ contract_type(node.columns[name].data_type) }}{{ ', ' if not loop.last }}{%- endfor -%}
{%- endmacro %}
