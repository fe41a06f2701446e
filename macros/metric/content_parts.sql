{#
  One row for each distinct part of a ';'-separated text column of dim_content, trimmed, numbered in the order of the text, with
  a weight: millionths that sum to exactly one, what is left over going to the first parts. Portable: split_part against numbers.
  key: the parts are lower-cased names where true (genres), kept as written where false (artists).
#}
{% macro content_parts(relation, column, part) %}
number as (

    select place.n + 1 as n from {{ numbers(1000) }} as place

),

counted as (

    select
        content_id,
        {{ column }},
        length({{ column }}) - length(replace({{ column }}, ';', '')) + 1 as parts
    from {{ relation }}
    where {{ column }} is not null

),

split as (

    select
        counted.content_id,
        trim(split_part(counted.{{ column }}, ';', number.n)) as {{ part }}
    from counted
    inner join number on counted.parts >= number.n

),

distinct_part as (

    select distinct content_id, {{ part }} from split where {{ part }} <> ''

),

numbered as (

    select
        content_id,
        {{ part }},
        cast(row_number() over (partition by content_id order by {{ part }}) as bigint) as place,
        cast(count(*) over (partition by content_id) as bigint) as places
    from distinct_part

),

weighted as (

    select
        content_id,
        {{ part }},
        places,
        cast(
            ({{ div_floor('1000000', 'places') }} + case when place <= 1000000 - {{ div_floor('1000000', 'places') }} * places then 1 else 0 end)
            * cast(0.000001 as decimal(7, 6)) as decimal(18, 6)
        ) as weight
    from numbered

)
{% endmacro %}
