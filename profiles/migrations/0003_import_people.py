import django.db.models.deletion
from django.db import migrations, models

# The same expression as profiles.querysets.SortName.
NAME_INDEX = """
CREATE INDEX profile_by_name ON profiles_profile (
    lower(btrim(coalesce(
        nullif(btrim(attributes ->> 'name'), ''),
        coalesce(attributes ->> 'first_name', '') || ' ' || coalesce(attributes ->> 'last_name', '')
    ))),
    id
)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('profiles', '0002_event_table'),
    ]

    operations = [
        migrations.AddField(
            model_name='import',
            name='has_header',
            field=models.BooleanField(default=True),
        ),
        migrations.CreateModel(
            name='ImportedPerson',
            fields=[
                ('pk', models.CompositePrimaryKey('of', 'profile_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('of', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='people', to='profiles.import')),
                ('profile_id', models.BigIntegerField()),
                ('outcome', models.CharField(choices=[('created', 'New'), ('updated', 'Updated'), ('unchanged', 'Unchanged')], max_length=10)),
            ],
        ),
        migrations.RunSQL(NAME_INDEX, "DROP INDEX profile_by_name"),
    ]
