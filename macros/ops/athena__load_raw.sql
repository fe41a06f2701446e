{#
  Athena: an external table per input over its folder, whose partitions (days of arrival) are computed, not stored; a ledger of
  the manifests in an Iceberg table; and a view per input that shows the files which the ledger lists, and no other. No row is
  copied. Tables and views are made anew only when their definition changes; a parameter in Glue remembers the last one.
#}
{% macro athena__load_raw() %}
    {%- set batch = source('raw', 'batch') -%}
    {%- set root = env_var('MEDIA_RAW', env_var('MEDIA_HOME', '.media')).rstrip('/') -%}
    {%- if not root.startswith('s3://') -%}
        {{ exceptions.raise_compiler_error("Athena reads S3 only, but MEDIA_RAW is '" ~ root ~ "': set it to s3://bucket/prefix") }}
    {%- endif -%}
    {%- do run_query('create schema if not exists ' ~ batch.without_identifier().render_hive()) -%}
    {%- set ledger = batch.incorporate(path={'identifier': 'manifest'}) -%}
    {%- if adapter.get_glue_table(ledger) is none %}{% do run_query(athena_ledger_table(ledger)) %}{% endif -%}
    {%- set landed = batch.incorporate(path={'identifier': 'landed_manifest'}) -%}
    {%- do athena_define(landed, athena_manifest_table(landed, root), athena_batch_view(batch, ledger)) -%}
    {%- if run_query(athena_ledger_news(ledger, landed)).rows | length -%}
        {%- do run_query(athena_ledger_merge(ledger, landed)) -%}
    {%- endif -%}
    {%- set years = run_query('select min(year(arrived_at)), max(year(arrived_at)) from ' ~ ledger).rows[0] -%}
    {%- for node in graph.sources.values() if node.source_name == 'raw' and node.name != 'batch' -%}
        {%- set files = batch.incorporate(path={'identifier': 'landed_' ~ node.name}) -%}
        {%- do athena_define(files, athena_input_table(files, root, node, years), athena_input_view(files, ledger, root, node)) -%}
    {%- endfor -%}
{% endmacro %}

{# An external table and the view over it. The mark is set last, so that what was interrupted is made again. #}
{% macro athena_define(table, table_ddl, view_ddl) -%}
    {%- set definition = local_md5(table_ddl ~ view_ddl) -%}
    {%- set known = adapter.get_glue_table(table) -%}
    {%- if known is none or known['Table'].get('Parameters', {}).get('definition') != definition -%}
        {%- do run_query('drop table if exists ' ~ table.render_hive()) -%}
        {%- do run_query(table_ddl) -%}
        {%- do run_query(view_ddl) -%}
        {%- do run_query("alter table " ~ table.render_hive() ~ " set tblproperties ('definition' = '" ~ definition ~ "')") -%}
    {%- endif -%}
{%- endmacro %}

{% macro athena_ledger_table(ledger) -%}
    create table if not exists {{ ledger.render_hive() }} (
        batch_id string, input string, arrived_at timestamp, rows_read bigint, rows_accepted bigint, rows_duplicate bigint,
        rows_quarantined bigint, mapping string, replay_of string, files array<string>, columns array<string>
    )
    location '{{ adapter.generate_s3_location(ledger, target.s3_data_dir, target.s3_data_naming) }}'
    tblproperties ('table_type' = 'ICEBERG')
{%- endmacro %}

{# Athena reads the folders below a location too, so `withdrawn` has to be left out where this table is read. #}
{% macro athena_manifest_table(landed, root) -%}
    create external table {{ landed.render_hive() }} (
        batch_id string, input string, arrived_at string, rows_read bigint, rows_accepted bigint, rows_duplicate bigint,
        rows_quarantined bigint, mapping string, replay_of string, files array<string>, columns array<string>
    )
    row format serde 'org.openx.data.jsonserde.JsonSerDe'
    location '{{ root }}/processing-metadata/'
{%- endmacro %}

{% macro athena_batch_view(batch, ledger) -%}
    create or replace view {{ batch }} as
    select batch_id, input, arrived_at, rows_read, rows_accepted, rows_duplicate, rows_quarantined, mapping, replay_of
    from {{ ledger }}
{%- endmacro %}

{% macro athena_landed_batches(landed) -%}
    select
        batch_id, input, cast(replace(replace(arrived_at, 'T', ' '), 'Z', '') as timestamp(6)) as arrived_at, rows_read, rows_accepted,
        rows_duplicate, rows_quarantined, mapping, replay_of, files, columns
    from {{ landed }}
    where "$path" not like '%/withdrawn/%'
{%- endmacro %}

{# Batches that came or went: a row of each kind that there is. #}
{% macro athena_ledger_news(ledger, landed) -%}
    select distinct known.batch_id is null as is_new
    from ({{ athena_landed_batches(landed) }}) as now
    full outer join {{ ledger }} as known on now.batch_id = known.batch_id
    where now.batch_id is null or known.batch_id is null
{%- endmacro %}

{# One commit: a run that is ended here leaves the ledger as it was, and of two at once the second finds nothing to insert. #}
{% macro athena_ledger_merge(ledger, landed) -%}
    {%- set columns = ['batch_id', 'input', 'arrived_at', 'rows_read', 'rows_accepted', 'rows_duplicate', 'rows_quarantined', 'mapping',
        'replay_of', 'files', 'columns'] -%}
    merge into {{ ledger }} as known using (
        select
            {% for c in columns %}{{ 'coalesce(now.batch_id, old.batch_id) as batch_id' if c == 'batch_id' else 'now.' ~ c }},
            {% endfor %}now.batch_id is null as is_gone
        from ({{ athena_landed_batches(landed) }}) as now
        full outer join {{ ledger }} as old on now.batch_id = old.batch_id
    ) as news
    on known.batch_id = news.batch_id
    when matched and news.is_gone then delete
    when not matched and not news.is_gone then insert ({{ columns | join(', ') }}) values (news.{{ columns | join(', news.') }})
{%- endmacro %}

{#
  Trap: Athena reads a Parquet timestamp of a Hive table to the millisecond, and would round what is finer; as bigint it is
  read as it is stored, in microseconds. Partitions are the days of the years in which batches arrived.
#}
{% macro athena_input_table(files, root, node, years) -%}
    {%- set now = run_started_at.strftime('%Y') -%}
    create external table {{ files.render_hive() }} (
        {% for c in node.columns.values() if c.name != 'arrival_date' -%}
        `{{ c.name }}` {{ 'bigint' if c.data_type == 'timestamp' else c.data_type }}{{ ', ' if not loop.last }}
        {%- endfor %}
    )
    partitioned by (arrival_date date)
    stored as parquet
    location '{{ root }}/raw/{{ node.name }}/'
    tblproperties (
        'projection.enabled' = 'true',
        'projection.arrival_date.type' = 'date',
        'projection.arrival_date.format' = 'yyyy-MM-dd',
        'projection.arrival_date.range' = '{{ years[0] or now }}-01-01,{{ years[1] or now }}-12-31',
        'projection.arrival_date.interval' = '1',
        'projection.arrival_date.interval.unit' = 'DAYS',
        'storage.location.template' = '{{ root }}/raw/{{ node.name }}/arrival_date=${arrival_date}/'
    )
{%- endmacro %}

{% macro athena_input_view(files, ledger, root, node) -%}
    create or replace view {{ source('raw', node.name) }} as
    select
        {% for c in node.columns.values() -%}
        {% if c.data_type == 'timestamp' -%}
            cast(from_unixtime_nanos(file.{{ c.name }} * 1000) at time zone 'UTC' as timestamp(6)) as {{ c.name }}
        {%- else %}file.{{ c.name }}
        {%- endif %}{{ ', ' if not loop.last }}
        {% endfor -%}
    from {{ files }} as file
    where file."$path" in (
        select '{{ root }}/' || listed.path
        from {{ ledger }} as manifest
        cross join unnest(manifest.files) as listed (path)
        where manifest.input = '{{ node.name }}'
    )
{%- endmacro %}
