-- What Redshift has built in and PostgreSQL lacks; run once in the database, as superuser.
-- The first argument of dateadd and datediff comes as text: the proxy quotes it.
set allow_system_table_mods = on;

create function pg_catalog.getdate() returns timestamp language sql stable
return (now() at time zone 'utc')::timestamp(0);

create function pg_catalog.redshift_date_part(part text) returns text language sql immutable
return case
    when lower(part) in ('y', 'yr', 'yrs', 'years') then 'year'
    when lower(part) in ('qtr', 'qtrs', 'quarters') then 'quarter'
    when lower(part) in ('mon', 'mons', 'months') then 'month'
    when lower(part) in ('w', 'weeks') then 'week'
    when lower(part) in ('d', 'days') then 'day'
    when lower(part) in ('h', 'hr', 'hrs', 'hours') then 'hour'
    when lower(part) in ('m', 'min', 'mins', 'minutes') then 'minute'
    when lower(part) in ('s', 'sec', 'secs', 'seconds') then 'second'
    when lower(part) in ('ms', 'msec', 'msecs', 'milliseconds') then 'millisecond'
    when lower(part) in ('us', 'usec', 'usecs', 'microseconds') then 'microsecond'
    else lower(part)
end;

-- boundaries crossed, not time passed; a week begins on Sunday
create function pg_catalog.datediff(part text, a timestamp, b timestamp) returns bigint language sql immutable
return case pg_catalog.redshift_date_part(part)
    when 'year' then extract(year from b)::bigint - extract(year from a)::bigint
    when 'quarter' then (extract(year from b) * 4 + extract(quarter from b))::bigint - (extract(year from a) * 4 + extract(quarter from a))::bigint
    when 'month' then (extract(year from b) * 12 + extract(month from b))::bigint - (extract(year from a) * 12 + extract(month from a))::bigint
    when 'week' then (date_trunc('week', b + interval '1 day')::date - date_trunc('week', a + interval '1 day')::date) / 7
    when 'day' then b::date - a::date
    when 'hour' then floor(extract(epoch from b) / 3600)::bigint - floor(extract(epoch from a) / 3600)::bigint
    when 'minute' then floor(extract(epoch from b) / 60)::bigint - floor(extract(epoch from a) / 60)::bigint
    when 'second' then floor(extract(epoch from b))::bigint - floor(extract(epoch from a))::bigint
    when 'millisecond' then floor(extract(epoch from b) * 1000)::bigint - floor(extract(epoch from a) * 1000)::bigint
    when 'microsecond' then (extract(epoch from b) * 1000000)::bigint - (extract(epoch from a) * 1000000)::bigint
end;

create function pg_catalog.dateadd(part text, n bigint, a timestamp) returns timestamp language sql immutable
return a + case pg_catalog.redshift_date_part(part)
    when 'quarter' then make_interval(months => (3 * n)::int)
    when 'millisecond' then n * interval '1 millisecond'
    when 'microsecond' then n * interval '1 microsecond'
    else (n || ' ' || pg_catalog.redshift_date_part(part))::interval
end;

create function pg_catalog.date_trunc(part text, a date) returns timestamp language sql immutable
return date_trunc(part, a::timestamp);

create function pg_catalog.convert_timezone(source text, target text, a timestamp) returns timestamp language sql immutable
return (a at time zone source) at time zone target;

create function pg_catalog.len(a text) returns int language sql immutable
return char_length(a);

create function pg_catalog.charindex(needle text, hay text) returns int language sql immutable
return strpos(hay, needle);

create function pg_catalog.json_parse(a text) returns jsonb language sql immutable
return a::jsonb;

create function pg_catalog.json_serialize(a jsonb) returns varchar language sql immutable
return a::text;

create function pg_catalog.last_day(a timestamp) returns date language sql immutable
return (date_trunc('month', a) + interval '1 month - 1 day')::date;

-- the catalogue, as far as dbt's adapter asks for it
create function pg_catalog.pg_get_late_binding_view_cols() returns setof record language sql stable
as $$ select ''::name, ''::name, ''::name, ''::varchar, 0 where false $$;

create view pg_catalog.svv_external_columns as
select
    ''::text as schemaname, ''::text as tablename, ''::text as columnname, ''::text as external_type, 0 as columnnum,
    0 as part_key, ''::text as is_nullable
where false;

create view pg_catalog.svv_external_tables as
select ''::text as schemaname, ''::text as tablename, ''::text as location where false;

create view pg_catalog.svv_table_info as
select
    current_database()::text as "database", space.nspname::text as "schema", relation.oid::int as table_id,
    relation.relname::text as "table", 'N'::text as encoded, 'AUTO(ALL)'::text as diststyle, null::text as sortkey1,
    0 as max_varchar, null::text as sortkey1_enc, 0 as sortkey_num,
    greatest(pg_total_relation_size(relation.oid) / 1048576, 1) as size, 0.0 as pct_used, 0::numeric as unsorted,
    0.0 as stats_off, relation.reltuples::numeric as tbl_rows, 1.0 as skew_sortkey1, 1.0 as skew_rows
from pg_class as relation
inner join pg_namespace as space on relation.relnamespace = space.oid
where relation.relkind = 'r' and space.nspname not like 'pg\_%' and space.nspname <> 'information_schema';

grant select on pg_catalog.svv_external_columns, pg_catalog.svv_external_tables, pg_catalog.svv_table_info to public;
