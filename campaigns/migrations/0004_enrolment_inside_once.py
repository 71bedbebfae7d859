from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0003_outbox_guards")]
    operations = [
        migrations.RemoveIndex(model_name="enrolment", name="enrolment_due"),
        migrations.AddIndex(
            model_name="enrolment",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False), ("state", "active")),
                fields=["campaign", "due_at", "id"],
                name="enrolment_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="enrolment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "active")), fields=("campaign", "profile_id"), name="enrolment_inside_once"
            ),
        ),
    ]
