{{ config(materialized='view') }}

-- a view: it has no state that could fall behind the catalogue
with

content as (

    select content_id, genres from {{ ref('dim_content') }}

),

{{ content_parts('content', 'genres', 'genre') }},

final as (

    select content_id, genre, weight from weighted

)

select * from final
