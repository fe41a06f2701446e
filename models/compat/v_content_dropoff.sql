{%- set buckets = [(0, 10), (10, 25), (25, 50), (50, 75), (75, 90), (90, 100)] %}

with

retention as (

    select * from {{ ref('kpi_content_retention') }}

),

placed as (

    select
        content_id,
        case
            {% for start, end in buckets -%}
            when percent_of_content < {{ end }} then '{{ start }}-{{ end }}%'
            {% endfor %}
        end as dropoff_bucket,
        exits
    from retention

),

exit_bucket as (

    select
        content_id,
        dropoff_bucket,
        {{ sum_of('exits') }} as exits
    from placed
    group by content_id, dropoff_bucket

),

final as (

    select
        content_id,
        dropoff_bucket,
        exits as dropoff_count,
        {{ ratio('exits', 'sum(exits) over (partition by content_id)') }} as dropoff_rate
    from exit_bucket

)

select * from final
