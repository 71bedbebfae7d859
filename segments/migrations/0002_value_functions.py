from django.db import migrations

# What a JSON value is as a number or as a moment, NULL when it is neither: comparisons never fail on stored data.
NUMBER = r"""
CREATE FUNCTION segments_number(value jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE jsonb_typeof(value)
    WHEN 'number' THEN value::numeric
    WHEN 'string' THEN CASE
        WHEN value #>> '{}' ~ '^\s*[-+]?[0-9]{1,30}(\.[0-9]{1,20})?\s*$' THEN (value #>> '{}')::numeric
    END
END
$$;
"""

MOMENT = r"""
CREATE FUNCTION segments_moment(value jsonb) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT CASE
    WHEN jsonb_typeof(value) = 'string' AND value #>> '{}' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}'
        AND pg_input_is_valid(value #>> '{}', 'timestamptz')
    THEN (value #>> '{}')::timestamptz
END
$$;
"""

# pg_input_is_valid came with PostgreSQL 16.
MOMENT_BEFORE_16 = r"""
CREATE FUNCTION segments_moment(value jsonb) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF jsonb_typeof(value) = 'string' AND value #>> '{}' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}' THEN
        RETURN (value #>> '{}')::timestamptz;
    END IF;
    RETURN NULL;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END
$$;
"""


def create(apps, schema_editor):
    is_old = schema_editor.connection.pg_version < 160000
    for statement in (NUMBER, MOMENT_BEFORE_16 if is_old else MOMENT):
        schema_editor.execute(statement, None)


def drop(apps, schema_editor):
    schema_editor.execute("DROP FUNCTION IF EXISTS segments_number(jsonb)")
    schema_editor.execute("DROP FUNCTION IF EXISTS segments_moment(jsonb)")


class Migration(migrations.Migration):
    dependencies = [("segments", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
